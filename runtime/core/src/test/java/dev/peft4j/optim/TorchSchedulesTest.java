package dev.peft4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each schedule against the rates that torch's and transformers' give over 60 steps. */
class TorchSchedulesTest {
  static Map<String, double[]> torch() {
    try (var in = TorchSchedulesTest.class.getResourceAsStream("/optim/schedules.txt")) {
      Map<String, double[]> found = new HashMap<>();
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        String[] parts = line.split(" ");
        found.put(
            parts[0], Arrays.stream(parts).skip(1).mapToDouble(Double::parseDouble).toArray());
      }
      return found;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<Arguments> schedules() {
    return Stream.of(
        Arguments.of("StepLR", Schedule.stepLr(7, 0.3)),
        Arguments.of("MultiStepLR", Schedule.multiStepLr(0.5, 3, 10, 11, 40)),
        Arguments.of("ExponentialLR", Schedule.exponentialLr(0.9)),
        Arguments.of("ConstantLR", Schedule.constantLr(0.25, 6)),
        Arguments.of("LinearLR", Schedule.linearLr(0.2, 0.9, 12)),
        Arguments.of("PolynomialLR", Schedule.polynomialLr(30, 2)),
        Arguments.of("CosineAnnealingLR", Schedule.cosineAnnealingLr(20, 0.05)),
        Arguments.of(
            "CosineAnnealingWarmRestarts1", Schedule.cosineAnnealingWarmRestarts(9, 1, 0.1)),
        Arguments.of("CosineAnnealingWarmRestarts2", Schedule.cosineAnnealingWarmRestarts(5, 2, 0)),
        Arguments.of("CyclicLR", Schedule.cyclicLr(0.1, 6, 9)),
        Arguments.of("OneCycleLR", Schedule.oneCycleLr(60)),
        Arguments.of("OneCycleLR2", Schedule.oneCycleLr(60, 0.4, 10, 100)),
        Arguments.of(
            "SequentialLR", Schedule.linearLr(0.1, 1, 10).then(10, Schedule.exponentialLr(0.95))),
        Arguments.of(
            "ChainedScheduler", Schedule.constantLr(0.1, 20).times(Schedule.exponentialLr(0.9))),
        Arguments.of("constant_with_warmup", Schedule.constant(8)),
        Arguments.of("linear_with_warmup", Schedule.linear(8, 50)),
        Arguments.of("cosine_with_warmup", Schedule.cosine(8, 50)),
        Arguments.of("hard_restarts", Schedule.cosineWithHardRestarts(8, 50, 3)),
        Arguments.of("polynomial_decay", Schedule.polynomial(8, 50, 0.1, 2)),
        Arguments.of("inverse_sqrt", Schedule.inverseSqrt(8)),
        Arguments.of("inverse_sqrt0", Schedule.inverseSqrt(0)),
        Arguments.of("cosine_with_min_lr", Schedule.cosineWithMinLr(8, 50, 0.2)),
        Arguments.of("wsd", Schedule.warmupStableDecay(8, 15, 50, 0.1)));
  }

  @ParameterizedTest
  @MethodSource("schedules")
  void isTorchs(String name, Schedule schedule) {
    double[] rates = torch().get(name);
    for (int i = 0; i < rates.length; i++) {
      assertThat(schedule.factor(i)).as(name + " at " + i).isCloseTo(rates[i], within(1e-9));
    }
    assertThat(schedule.description()).isNotEmpty(); // what a checkpoint says of it
  }

  @Test
  void aPlateauIsTorchs() {
    double[] values = {
      5, 4, 3, 3, 3, 2.9999, 3, 3, 3, 2, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 1, 1, 1, 1, 1, 1, 1, 1
    };
    Map<String, Plateau> plateaus =
        Map.of(
            "plateau", Plateau.of(0.5, 2),
            "plateau_max", Plateau.of(0.1, 1).cooldown(2).least(0.02),
            "plateau_abs", Plateau.of(0.5, 1).leastChange(0.5).cooldown(1));
    plateaus.forEach(
        (name, plateau) -> {
          Plateau.State state = Plateau.State.START;
          for (int i = 0; i < values.length; i++) {
            state = plateau.after(state, values[i], name.endsWith("max"));
            assertThat(state.rate()).as(name + i).isCloseTo(torch().get(name)[i], within(1e-12));
          }
        });
    assertThatThrownBy(() -> Plateau.of(1.5, 2)).hasMessageContaining("0 < factor < 1");
  }

  @Test
  void everyCountsEpochs() {
    Schedule s = Schedule.stepLr(2, 0.5).every(10);
    assertThat(s.factor(19)).isEqualTo(1);
    assertThat(s.factor(20)).isEqualTo(0.5);
    assertThat(s.factor(40)).isEqualTo(0.25);
  }

  @Test
  void numbersThatCannotBeMeantAreErrors() {
    assertThatThrownBy(() -> Schedule.stepLr(0, 0.5)).hasMessageContaining("size is 0");
    assertThatThrownBy(() -> Schedule.warmupStableDecay(8, 15, 20, 0))
        .hasMessageContaining("warm-up + decay <= total");
    assertThatThrownBy(() -> Schedule.oneCycleLr(10, 2, 25, 10))
        .hasMessageContaining("0 <= up <= 1");
    assertThatThrownBy(() -> Schedule.cosineWithHardRestarts(5, 2, 1))
        .hasMessageContaining("0 <= warm-up <= total");
  }
}
