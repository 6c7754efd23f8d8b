package dev.peft4j.nn;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The text of modules as torch prints it: nested, each with its settings, equal neighbours of a
 * list on one line ({@code (0-5): 6 x BertLayer(}). See {@link Module#toString}.
 */
public final class ModuleText {
  private final Set<Module> above = Collections.newSetFromMap(new IdentityHashMap<>());
  private final @Nullable OverlaySource adapted;

  private ModuleText(@Nullable OverlaySource adapted) {
    this.adapted = adapted;
  }

  static String of(Module module) {
    return new ModuleText(null).text(module);
  }

  /**
   * Returns the text of a module as the base of one adapted model, of which there may be several.
   */
  public static String of(Module module, OverlaySource adapted) {
    return new ModuleText(adapted).text(module);
  }

  private String text(Module module) {
    if (!above.add(module)) {
      return module.typeName() + "(...)"; // it holds itself
    }
    Level level = new Level();
    module.children().forEach((path, child) -> level.add(path, text(child)));
    above.remove(module);
    String own = block(module.typeName(), module.extraRepr(), level.entries());
    OverlaySource.View view = view(module, adapted);
    return view == null ? own : view.text(own);
  }

  /** Returns what the only adapted model, or that one of several, shows of a module. */
  static OverlaySource.@Nullable View view(Module module, @Nullable OverlaySource of) {
    OverlaySource[] all = module.sources;
    OverlaySource source = of;
    if (source == null) {
      source = all.length == 1 ? all[0] : Overlays.chosenOf(all);
    }
    return source == null || !Arrays.asList(all).contains(source) ? null : source.view(module);
  }

  /** The children of a module or of a list or map in it, each with its text or a further level. */
  private static final class Level {
    private final SequencedMap<String, Object> entries = new LinkedHashMap<>();

    void add(String path, String text) {
      int dot = path.indexOf('.');
      if (dot < 0) {
        entries.put(path, text);
      } else if (entries.computeIfAbsent(path.substring(0, dot), name -> new Level())
          instanceof Level below) {
        below.add(path.substring(dot + 1), text);
      } else {
        entries.put(path, text);
      }
    }

    SequencedMap<String, String> entries() {
      SequencedMap<String, String> texts = new LinkedHashMap<>();
      entries.forEach(
          (name, entry) -> texts.put(name, entry instanceof Level l ? l.text() : (String) entry));
      return texts;
    }

    private String text() {
      SequencedMap<String, String> texts = entries();
      boolean list = true;
      int i = 0;
      for (String name : texts.keySet()) {
        list &= name.equals(Integer.toString(i++));
      }
      return list
          ? block("ModuleList", "", collapsed(List.copyOf(texts.values())))
          : block("ModuleDict", "", texts);
    }
  }

  /** Merges equal neighbours. */
  private static SequencedMap<String, String> collapsed(List<String> texts) {
    SequencedMap<String, String> lines = new LinkedHashMap<>();
    for (int from = 0, to; from < texts.size(); from = to) {
      String text = texts.get(from);
      to = from + 1;
      while (to < texts.size() && texts.get(to).equals(text)) {
        to++;
      }
      if (to - from == 1) {
        lines.put(Integer.toString(from), text);
      } else {
        lines.put(from + "-" + (to - 1), (to - from) + " x " + text);
      }
    }
    return lines;
  }

  /**
   * Returns {@code type(settings)}, or a block with a line for each part.
   *
   * @param settings may be empty, or several lines
   * @param parts texts by name
   */
  public static String block(String type, String settings, Map<String, String> parts) {
    if (parts.isEmpty() && settings.indexOf('\n') < 0) {
      return type + "(" + settings + ")";
    }
    List<String> lines = new ArrayList<>();
    if (!settings.isEmpty()) {
      lines.addAll(settings.lines().toList());
    }
    parts.forEach((name, text) -> lines.add("(" + name + "): " + text.replace("\n", "\n  ")));
    return type + "(\n  " + String.join("\n  ", lines) + "\n)";
  }

  /** Returns the settings of a {@link Linear}. */
  public static String linear(int in, int out, boolean bias) {
    return "in_features=" + in + ", out_features=" + out + ", bias=" + bool(bias);
  }

  /** Returns the settings of a convolution, its sizes by axis. */
  public static String convolution(
      int in,
      int out,
      int[] kernel,
      int[] stride,
      int[] padding,
      int[] outputPadding,
      boolean bias) {
    return convolution(in, out, kernel, stride, padding, outputPadding, 1, bias);
  }

  /** Returns the settings of a convolution in groups. */
  public static String convolution(
      int in,
      int out,
      int[] kernel,
      int[] stride,
      int[] padding,
      int[] outputPadding,
      int groups,
      boolean bias) {
    return in
        + ", "
        + out
        + ", kernel_size="
        + tuple(kernel)
        + ", stride="
        + tuple(stride)
        + (isZero(padding) ? "" : ", padding=" + tuple(padding))
        + (isZero(outputPadding) ? "" : ", output_padding=" + tuple(outputPadding))
        + (groups == 1 ? "" : ", groups=" + groups)
        + (bias ? "" : ", bias=False");
  }

  private static boolean isZero(int[] sizes) {
    return Arrays.stream(sizes).allMatch(n -> n == 0);
  }

  /** Returns sizes as Python's tuple. */
  static String tuple(int... sizes) {
    return Arrays.stream(sizes)
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(", ", "(", ""))
        + (sizes.length == 1 ? ",)" : ")");
  }

  /** Returns a boolean as Python writes it. */
  public static String bool(boolean value) {
    return value ? "True" : "False";
  }

  /** Returns a number as Python writes it: 0.1, 1e-05. */
  public static String number(float value) {
    if (value == 0 || !Float.isFinite(value)) {
      return Float.toString(value);
    }
    BigDecimal digits =
        new BigDecimal(Float.toString(value), MathContext.UNLIMITED).stripTrailingZeros();
    int exponent = digits.precision() - digits.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = digits.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String mantissa = digits.movePointLeft(exponent).stripTrailingZeros().toPlainString();
    return String.format("%se%s%02d", mantissa, exponent < 0 ? "-" : "+", Math.abs(exponent));
  }
}
