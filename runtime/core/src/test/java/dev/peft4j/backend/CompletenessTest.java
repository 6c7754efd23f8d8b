package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.cases.OpCase;
import dev.peft4j.backend.cases.OpCases;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Variable;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whoever adds an op adds a case: every op there is must be reached by the table. */
class CompletenessTest {
  private static final Set<String> OPS = new TreeSet<>();
  private static final Set<Scalar.Fn1> UNARY = EnumSet.noneOf(Scalar.Fn1.class);
  private static final Set<Scalar.Fn2> BINARY = EnumSet.noneOf(Scalar.Fn2.class);

  /** Ops of the results, of the gradients, and of what both decompose into. */
  @BeforeAll
  static void walk() {
    for (OpCase c : OpCases.all()) {
      OpCase.Graph g = c.build();
      Set<Node> seen = new HashSet<>();
      visit(g.result().node(), seen);
      if (g.loss() != null) {
        g.loss().backward();
        for (Variable v : g.variables()) {
          if (v.gradient() != null) {
            visit(v.gradient(), seen);
          }
        }
      }
    }
  }

  private static void visit(Node root, Set<Node> seen) {
    List<Node> open = new ArrayList<>(List.of(root));
    while (!open.isEmpty()) {
      Node n = open.removeLast();
      if (!seen.add(n)) {
        continue;
      }
      OPS.add(n.op().getClass().getName());
      if (n.op() instanceof Elementwise e) {
        functions(e.expression());
      }
      open.addAll(Arrays.asList(n.inputs()));
      Node parts = n.inputs().length == 0 ? null : n.op().decompose(n.inputs());
      if (parts != null) {
        open.add(parts);
      }
    }
  }

  private static void functions(Scalar s) {
    switch (s) {
      case Scalar.Input i -> {}
      case Scalar.Const c -> {}
      case Scalar.Unary u -> {
        UNARY.add(u.fn());
        functions(u.x());
      }
      case Scalar.Binary b -> {
        BINARY.add(b.fn());
        functions(b.a());
        functions(b.b());
      }
      case Scalar.Select c -> {
        functions(c.condition());
        functions(c.a());
        functions(c.b());
      }
    }
  }

  @Test
  void everyOpHasACase() throws Exception {
    assertThat(OPS).containsAll(compiled("op"));
    assertThat(compiled("op")).hasSizeGreaterThan(25);
  }

  @Test
  void everyOpOfTheGraphHasACase() throws Exception {
    Set<String> computed = compiled("graph");
    computed.remove("dev.peft4j.graph.Leaf");
    computed.remove("dev.peft4j.graph.Placeholder");
    assertThat(OPS).containsAll(computed);
  }

  @Test
  void everyScalarFunctionHasACase() {
    assertThat(UNARY).containsExactlyInAnyOrder(Scalar.Fn1.values());
    assertThat(BINARY).containsExactlyInAnyOrder(Scalar.Fn2.values());
  }

  /** The classes of a package that implement {@link Op}. */
  private static Set<String> compiled(String floor) throws IOException, URISyntaxException {
    Path classes = Path.of(Op.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.list(classes.resolve("dev/peft4j").resolve(floor))) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(name -> name.endsWith(".class"))
          .map(name -> "dev.peft4j." + floor + "." + name.replace(".class", ""))
          .filter(CompletenessTest::isOp)
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static boolean isOp(String name) {
    try {
      Class<?> type = Class.forName(name, false, Op.class.getClassLoader());
      return Op.class.isAssignableFrom(type) && !type.isInterface();
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }
}
