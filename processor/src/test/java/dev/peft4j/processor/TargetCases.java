package dev.peft4j.processor;

import java.util.List;

/** Values that do not fit the model. */
final class TargetCases {
  private TargetCases() {}

  static List<Case> targets() {
    return List.of(
        Case.model(
            Diagnostic.NO_SUCH_EMBEDDING,
            "@Peft(target = \"linear\", trainableTokens = @TrainableTokens(embedding = \"embd\","
                + " ids = 1))",
            "\"embd\"",
            "M has no embedding \"embd\" with tokens to train"),
        Case.model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = \"linear\", trainableTokens = @TrainableTokens(embedding = \"norm\","
                + " ids = 1))",
            "\"norm\"",
            "norm (LayerNorm)"),
        Case.model(
            Diagnostic.TOKENS_IN_TARGET,
            "@Peft(target = \"linear\", trainableTokens = @TrainableTokens(embedding = \"linear\","
                + " ids = 1))",
            "\"linear\"",
            "linear is a target and has trainableTokens",
            "exclude = \"linear\""),
        Case.model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"linaer\")",
            "\"linaer\"",
            "M has no module called \"linaer\"",
            "Did you mean \"linear\"?",
            "Candidates: linear (Linear), encoder.fc (Linear), encoder.layers.*.q_proj (Linear)"),
        Case.model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"qProj\")",
            "\"qProj\"",
            "Did you mean \"q_proj\"?"),
        Case.model(
            Diagnostic.NO_SUCH_TARGET, "@Peft(target = \"head\")", "\"head\"", "\"lm_head\""),
        Case.model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"encoder.layer.3.q_proj\")",
            "\"encoder.layer.3.q_proj\"",
            "Did you mean \"encoder.layers.3.q_proj\"?"),
        Case.model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(targetRegex = \"fc[12]\")",
            "\"fc[12]\"",
            "path \"fc[12]\""),
        Case.body(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"all-linear\") public class M extends Module { LayerNorm n; }",
            "\"all-linear\"",
            "Linear",
            "no Linear, Embedding or Conv2d"),
        Case.model(
            Diagnostic.TARGET_PARTLY_UNMATCHED,
            "@Peft(target = {\"q_proj\", \"k_proj\"})",
            "\"k_proj\"",
            "no module called \"k_proj\"",
            "though it has the other targets",
            "Candidates:"),
        Case.model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = {\"fc\", \"norm\"})",
            "\"norm\"",
            "encoder.layers.*.norm (LayerNorm)",
            "Embedding, Conv1d, Conv2d and classes"),
        Case.model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = \"encoder\")",
            "\"encoder\"",
            "encoder (M.Encoder)"),
        Case.model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = \"layers\")",
            "\"layers\"",
            "encoder.layers (List)"),
        Case.model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = \"regex:encoder.*\")",
            "\"regex:encoder.*\"",
            "norm"),
        Case.model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = {\"linear\", \"fc\"}, exclude = \"fc\")",
            "\"fc\"",
            "exclude leaves out",
            "encoder.fc"),
        Case.model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = {\"linear\", \"encoder.fc\"}, exclude = \"encoder\")",
            "\"encoder.fc\"",
            "inside encoder",
            "excludeRegex = \"encoder\\\\..*\""),
        Case.model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = {\"linear\", \"fc\"}, excludeRegex = \"encoder\\\\..*\")",
            "\"fc\"",
            "exclude leaves out"),
        Case.model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = \"q_proj\", exclude = \"layers.0\")",
            "\"q_proj\"",
            "excludeRegex = \"encoder\\\\.layers\\\\.0\\\\..*\""),
        Case.model(
            Diagnostic.TARGET_SAVED,
            "@Peft(target = {\"linear\", \"fc\"}, modulesToSave = \"encoder\")",
            "\"fc\"",
            "\"encoder\""),
        Case.model(
            Diagnostic.TARGET_SAVED,
            "@Peft(target = {\"linear\", \"fc\"}, modulesToSave = \"fc\")",
            "\"fc\"",
            "Leave out one"),
        Case.model(
            Diagnostic.SAVES_NOTHING,
            "@Peft(target = \"linear\", modulesToSave = \"lmhead\")",
            "\"lmhead\"",
            "Did you mean \"lm_head\"?"),
        Case.model(
            Diagnostic.SAVES_NOTHING,
            "@Peft(target = \"linear\", modulesToSave = \"head\")",
            "\"head\"",
            "no module \"head\""),
        Case.model(
            Diagnostic.SAVES_NOTHING,
            "@Peft(target = \"linear\", modulesToSave = \"blocks\")",
            "\"blocks\"",
            "blocks is a List"),
        Case.model(
            Diagnostic.LAYERS_MATCH_NOTHING,
            "@Peft(target = \"fc\", layers = {1, 2})",
            "{1, 2}",
            "encoder.fc is not in a list"),
        Case.body(
            Diagnostic.LAYERS_MATCH_NOTHING,
            "@Peft(target = \"x\", layers = 1) public class M extends Module { static class B"
                + " extends Module { Linear x; } List<B> blocks; }",
            "1",
            "layersPattern = \"blocks\""),
        Case.body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\") public class M extends Module { private Linear x; private Linear"
                + " y; }",
            "\"x\"",
            "M.x",
            "private",
            "getX() or x()",
            "package-private"),
        Case.body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\") public class M extends Module { static class B extends Module {"
                + " Linear x; } private B b; }",
            "\"x\"",
            "M.b",
            "getB()"),
        Case.body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\") public class M extends Module { private static class B extends"
                + " Module { Linear x; } List<B> bs; }",
            "\"x\"",
            "class M.B is private"),
        Case.body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\", modulesToSave = \"y\") public class M extends Module { Linear x;"
                + " private Linear y; }",
            "\"y\"",
            "M.y"));
  }

  static List<Case> warnings() {
    return List.of(
        Case.model(
            Diagnostic.EXCLUDES_NOTHING,
            "@Peft(target = \"linear\", exclude = \"fcc\")",
            "\"fcc\"",
            "Did you mean \"fc\"?"),
        Case.model(
            Diagnostic.EXCLUDES_NOTHING,
            "@Peft(target = \"linear\", excludeRegex = \"x.*\")",
            "\"x.*\"",
            "x.*"),
        Case.model(
            Diagnostic.KEY_MATCHES_NOTHING,
            "@Peft(target = \"linear\", rankPattern = @RankPattern(key = \"fc\", r = 2))",
            "\"fc\"",
            "rankPattern"),
        Case.model(
            Diagnostic.KEY_MATCHES_NOTHING,
            "@Peft(target = \"linear\", alphaPattern = @AlphaPattern(key = \"^fc\", alpha = 2))",
            "\"^fc\"",
            "alphaPattern"),
        Case.body(
            Diagnostic.ONLY_AT_RUN_TIME,
            "@Peft(target = {\"x\", \"q_proj\"}) public class M extends Module { Linear x;"
                + " Sequential more; }",
            "\"q_proj\"",
            "more (Sequential)"),
        Case.body(
            Diagnostic.ONLY_AT_RUN_TIME,
            "@Peft(target = \"x\", modulesToSave = \"head\") public class M extends Module { Linear"
                + " x; Module more; }",
            "\"head\"",
            "more (Module)"),
        Case.body(
            Diagnostic.NOT_SEARCHED,
            "@Peft(target = \"x\") public class M extends Module { Linear x; private Sequential"
                + " more; }",
            "\"x\"",
            "more (Sequential)",
            "getMore()"),
        Case.model(
            Diagnostic.ADAPTER_IS_SEGMENT,
            "@Peft(target = \"fc\", adapter = \"encoder\")",
            "\"encoder\"",
            "encoder.fc"));
  }
}
