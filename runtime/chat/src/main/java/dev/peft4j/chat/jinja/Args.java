package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a call, by position and by name. */
record Args(List<Object> positional, Map<String, Object> named) {
  static final Args NONE = new Args(List.of(), Map.of());

  static Args of(Object... values) {
    return new Args(Arrays.asList(values), Map.of());
  }

  /** These arguments behind {@code first}. */
  Args behind(Object first) {
    List<Object> all = new ArrayList<>(positional.size() + 1);
    all.add(first);
    all.addAll(positional);
    return new Args(all, named);
  }

  /**
   * The values for the parameters {@code names} of {@code function}; null for each that was not
   * given and need not be.
   */
  @Nullable Object[] bind(String function, int required, String... names) {
    if (positional.size() > names.length) {
      throw JinjaException.type(
          function
              + "() takes "
              + (required == names.length ? "" : "from " + required + " to ")
              + names.length
              + " positional argument"
              + (names.length == 1 ? "" : "s")
              + " but "
              + positional.size()
              + (positional.size() == 1 ? " was" : " were")
              + " given");
    }
    @Nullable Object[] values = new Object[names.length];
    for (int i = 0; i < positional.size(); i++) {
      values[i] = positional.get(i);
    }
    for (Map.Entry<String, Object> e : named.entrySet()) {
      int i = Arrays.asList(names).indexOf(e.getKey());
      if (i < 0) {
        throw JinjaException.type(
            function + "() got an unexpected keyword argument " + Repr.quote(e.getKey()));
      }
      if (i < positional.size()) {
        throw JinjaException.type(
            function + "() got multiple values for argument " + Repr.quote(e.getKey()));
      }
      values[i] = e.getValue();
    }
    for (int i = 0; i < required; i++) {
      if (values[i] == null) {
        throw JinjaException.type(
            function + "() missing 1 required positional argument: " + Repr.quote(names[i]));
      }
    }
    return values;
  }
}
