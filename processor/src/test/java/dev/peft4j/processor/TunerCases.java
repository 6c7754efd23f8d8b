package dev.peft4j.processor;

import java.util.List;

/** Values that do not fit the tuner. */
final class TunerCases {
  private TunerCases() {}

  private static Case ia3(Diagnostic diagnostic, String more, String pointedAt, String... says) {
    return Case.model(
        diagnostic,
        "@Peft(tuner = \"IA3\", target = {\"linear\", \"fc\"}, " + more + ")",
        pointedAt,
        says);
  }

  static List<Case> tuners() {
    return List.of(
        ia3(
            Diagnostic.MEMBER_OF_OTHER_TUNER,
            "r = 8",
            "8",
            "r is a setting of LoRA, but the tuner is IA3. Leave it out."),
        ia3(Diagnostic.MEMBER_OF_OTHER_TUNER, "r = -1", "-1", "setting of LoRA"),
        ia3(Diagnostic.MEMBER_OF_OTHER_TUNER, "alpha = 4", "4", "alpha"),
        ia3(Diagnostic.MEMBER_OF_OTHER_TUNER, "dropout = 0", "0", "dropout"),
        ia3(Diagnostic.MEMBER_OF_OTHER_TUNER, "bias = Bias.ALL", "Bias.ALL", "bias"),
        ia3(Diagnostic.MEMBER_OF_OTHER_TUNER, "dora = true", "true", "dora"),
        ia3(Diagnostic.MEMBER_OF_OTHER_TUNER, "layers = {0, 1}", "{0, 1}", "layers"),
        ia3(
            Diagnostic.MEMBER_OF_OTHER_TUNER,
            "rankPattern = @RankPattern(key = \"fc\", r = 2)",
            "@RankPattern(key = \"fc\", r = 2)",
            "rankPattern"),
        Case.model(
            Diagnostic.MEMBER_OF_OTHER_TUNER,
            "@Peft(target = {\"linear\", \"fc\"}, feedforward = \"fc\")",
            "\"fc\"",
            "feedforward is a setting of IA3, but the tuner is LoRA",
            "or write tuner = \"IA3\""),
        ia3(
            Diagnostic.BAD_SETTING,
            "init = Init.GAUSSIAN",
            "Init.GAUSSIAN",
            "init = GAUSSIAN is a start of LoRA",
            "RANDOM"),
        ia3(
            Diagnostic.NOT_A_TARGET,
            "feedforward = \"fcc\"",
            "\"fcc\"",
            "\"fcc\" is not one of them",
            "Did you mean \"fc\"?"),
        ia3(
            Diagnostic.NOT_A_TARGET,
            "feedforward = {\"fc\", \"encoder.fc\"}",
            "\"encoder.fc\"",
            "not one of them"),
        ia3(Diagnostic.EMPTY_NAME, "feedforward = \"\"", "\"\"", "feedforward"),
        ia3(Diagnostic.BAD_REGEX, "feedforwardRegex = \"a(\"", "\"a(\"", "regular expression"),
        ia3(
            Diagnostic.TWO_WAYS,
            "feedforward = \"fc\", feedforwardRegex = \".*fc\"",
            "\".*fc\"",
            "Both feedforward and feedforwardRegex"),
        ia3(
            Diagnostic.TWO_WAYS,
            "feedforward = {\"fc\", \"regex:fc\"}",
            "\"regex:fc\"",
            "only one"),
        Case.model(
            Diagnostic.TWO_TUNERS,
            "@Peft(target = \"linear\")\n@Peft(target = \"fc\", adapter = \"b\", tuner = \"IA3\")",
            "\"IA3\"",
            "\"default\" and \"b\"",
            "LoRA and IA3"),
        Case.body(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(tuner = \"IA3\", target = {\"embed\", \"conv\"})\n"
                + "public class M extends Module {\n"
                + "  final Embedding embed = new Embedding(2, 2);\n"
                + "  final Conv2d conv = new Conv2d(1, 1);\n"
                + "}",
            "\"embed\"",
            "embed (Embedding), which takes no IA3 adapter: only Linear, TransposedLinear and"
                + " Conv2d do.",
            "Candidates: conv (Conv2d)"),
        Case.model(
            Diagnostic.KEY_MATCHES_NOTHING,
            "@Peft(tuner = \"IA3\", target = \"all-linear\", feedforward = \"norm\")",
            "\"norm\"",
            "feedforward has the key \"norm\""),
        Case.model(
            Diagnostic.KEY_MATCHES_NOTHING,
            "@Peft(tuner = \"IA3\", target = \"linear\", feedforwardRegex = \"fc\")",
            "\"fc\"",
            "feedforward has the key \"fc\""));
  }
}
