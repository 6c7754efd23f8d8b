package dev.peft4j.tuner;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedModule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What becomes of an adapter when the base's weights are replaced. */
final class BaseChange {
  private BaseChange() {}

  /**
   * Makes an adapter that nothing has changed yet what it would be if it were attached now; of
   * another one only what it keeps of the base besides its parameters.
   */
  static void apply(AttachedAdapter a, FrozenBase base, Map<String, AttachedAdapter> all) {
    Beginning beginning = a.beginning();
    boolean untouched = beginning.isUntouched();
    Map<ModuleTensor, Storage> values = new LinkedHashMap<>();
    Map<String, TunerLayer> again = made(a, base, all);
    again.forEach(
        (path, now) -> {
          TunerLayer layer = a.layer(path);
          layer.rebased(now);
          for (int i = 0; i < now.parameters().size(); i++) {
            values.put(
                layer.parameters().get(i).parameter(), now.parameters().get(i).parameter().own());
          }
          for (int i = 0; i < now.constants().size(); i++) {
            values.put(layer.constants().get(i).buffer(), now.constants().get(i).buffer().own());
          }
        });
    a.tied()
        .forEach(
            (path, layer) ->
                layer.rebased(Objects.requireNonNull(again.get(beginning.carrierOf(path)))));
    if (untouched) {
      a.copies()
          .forEach(
              (p, copy) -> {
                if (!a.isGiven(copy)) {
                  values.put(copy, p.own().copyAs(Encodings.FLOAT32));
                }
              });
      a.buffers().forEach((b, copy) -> values.put(copy, b.own().copy()));
      a.replace(values);
      a.ownParameters().forEach(beginning::made);
    }
  }

  /** Makes its layers once more, in the order that they were made in, with the same numbers. */
  private static Map<String, TunerLayer> made(
      AttachedAdapter a, FrozenBase base, Map<String, AttachedAdapter> all) {
    Map<String, NamedModule> byPath = new HashMap<>();
    base.modules().forEach(m -> byPath.put(m.name(), m));
    if (a.tuner().fillsSlots()) {
      a.settings().slots(base.slotsAndModules()).forEach(s -> byPath.put(s.name(), s));
    }
    List<NamedModule> layers = new ArrayList<>();
    for (String path : a.layers().keySet()) {
      NamedModule m = byPath.get(path);
      if (m != null && !a.layer(path).isTwin()) {
        layers.add(m);
      }
    }
    AdapterContext context = new AdapterContext(layers, all::get);
    Map<String, TunerLayer> again = new LinkedHashMap<>();
    for (NamedModule m : layers) {
      TunerContext here = context.drawing(a.beginning().generator(m.name()));
      again.put(m.name(), a.settings().attach(m.name(), m.module(), here));
    }
    return again;
  }
}
