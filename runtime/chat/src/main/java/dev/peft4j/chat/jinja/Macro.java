package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A macro, or the body of a call block. */
final class Macro implements Callable {
  /**
   * The code: the values of the parameters, then caller, kwargs and varargs, where it uses them.
   */
  interface Body {
    String run(Runtime rt, List<Object> arguments);
  }

  /**
   * What is known about a macro before it runs.
   *
   * @param caller whether it uses {@code caller}
   * @param kwargs whether it uses {@code kwargs}
   * @param varargs whether it uses {@code varargs}
   */
  record Signature(
      @Nullable String name,
      List<String> parameters,
      boolean caller,
      boolean kwargs,
      boolean varargs) {}

  private final Signature signature;
  private final Body body;

  Macro(Signature signature, Body body) {
    this.signature = signature;
    this.body = body;
  }

  boolean isCaller() {
    return signature.name() == null;
  }

  String name() {
    return signature.name() == null ? "None" : signature.name();
  }

  private String quoted() {
    return signature.name() == null ? "None" : Repr.quote(signature.name());
  }

  @Nullable Object attribute(String name) {
    return switch (name) {
      case "name" -> signature.name() == null ? None.NONE : signature.name();
      case "arguments" -> new PyTuple(new ArrayList<>(signature.parameters()));
      case "catch_kwargs" -> signature.kwargs();
      case "catch_varargs" -> signature.varargs();
      case "caller" -> signature.caller();
      case "explicit_caller" -> signature.parameters().contains("caller");
      default -> null;
    };
  }

  @Override
  public Object call(Runtime rt, Args args) {
    List<String> names = signature.parameters();
    List<Object> given = args.positional();
    int taken = Math.min(given.size(), names.size());
    List<Object> values = new ArrayList<>(given.subList(0, taken));
    Map<String, Object> named =
        args.named().isEmpty() ? Map.of() : new LinkedHashMap<>(args.named());
    boolean caller = taken == names.size() && names.contains("caller");
    for (String name : names.subList(taken, names.size())) {
      Object value = named.isEmpty() ? null : named.remove(name);
      caller |= name.equals("caller");
      values.add(value == null ? None.MISSING : value);
    }
    if (signature.caller() && !caller) {
      Object value = named.isEmpty() ? null : named.remove("caller");
      values.add(value == null || value == None.NONE ? Undefined.hint("No caller defined") : value);
    }
    if (signature.kwargs()) {
      values.add(PyDict.ofNames(named));
    } else if (!named.isEmpty()) {
      if (named.containsKey("caller")) {
        throw JinjaException.type(
            "macro "
                + quoted()
                + " was invoked with two values for the special caller argument. This is most"
                + " likely a bug.");
      }
      throw JinjaException.type(
          "macro "
              + quoted()
              + " takes no keyword argument "
              + Repr.quote(named.keySet().iterator().next()));
    }
    if (signature.varargs()) {
      values.add(new PyTuple(new ArrayList<>(given.subList(taken, given.size()))));
    } else if (given.size() > names.size()) {
      throw JinjaException.type(
          "macro " + quoted() + " takes not more than " + names.size() + " argument(s)");
    }
    String text = body.run(rt, values);
    return rt.autoescape ? new Markup(text) : text;
  }

  @Override
  public String typeName() {
    return "Macro";
  }
}
