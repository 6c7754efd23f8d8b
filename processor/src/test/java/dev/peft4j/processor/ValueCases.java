package dev.peft4j.processor;

import java.util.List;

/** Values that are wrong whatever the model is. */
final class ValueCases {
  private ValueCases() {}

  static List<Case> values() {
    return List.of(
        Case.model(Diagnostic.NO_TARGET, "@Peft(r = 2)", "@Peft(r = 2)", "encoder.fc (Linear)"),
        Case.model(Diagnostic.EMPTY_NAME, "@Peft(target = {\"linear\", \"\"})", "\"\"", "target"),
        Case.model(
            Diagnostic.EMPTY_NAME,
            "@Peft(target = \"linear\", modulesToSave = \" \")",
            "\" \"",
            "modulesToSave"),
        Case.model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = \"linear\", targetRegex = \"l.*\")",
            "\"l.*\"",
            "Both target and targetRegex"),
        Case.model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = \"linear\", exclude = \"fc\", excludeRegex = \"fc\")",
            "\"fc\"",
            "Both exclude and excludeRegex"),
        Case.model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = {\"linear\", \"regex:x\"})",
            "\"regex:x\"",
            "only one"),
        Case.model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = {\"all-linear\", \"fc\"})",
            "\"all-linear\"",
            "only one"),
        Case.model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"regex:fc(1\")",
            "\"regex:fc(1\"",
            "unclosed group"),
        Case.model(
            Diagnostic.BAD_REGEX, "@Peft(targetRegex = \"[a\")", "\"[a\"", "regular expression"),
        Case.model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"linear\", excludeRegex = \"*a\")",
            "\"*a\"",
            "dangling"),
        Case.model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"linear\", modulesToSave = \"a(\")",
            "\"a(\"",
            "regular"),
        Case.model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"linear\", rankPattern = @RankPattern(key = \"a)\", r = 2))",
            "\"a)\"",
            "regular"),
        Case.model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"fc\", layers = 0, layersPattern = \"a)(\")",
            "\"a)(\"",
            "regular"),
        Case.model(
            Diagnostic.BAD_RANK,
            "@Peft(target = \"linear\", r = 0)",
            "0",
            "r should be a positive integer value but the value passed is 0"),
        Case.model(Diagnostic.BAD_RANK, "@Peft(target = \"linear\", r = -3)", "-3", "-3"),
        Case.model(
            Diagnostic.BAD_RANK,
            "@Peft(target = \"linear\", rankPattern = @RankPattern(key = \"linear\", r = 0))",
            "0",
            "passed is 0"),
        Case.model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alpha = 0)",
            "0",
            "greater than 0 but is 0.0"),
        Case.model(
            Diagnostic.BAD_ALPHA, "@Peft(target = \"linear\", alpha = -1.5)", "-1.5", "-1.5"),
        Case.model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alpha = Double.NaN)",
            "Double.NaN",
            "NaN"),
        Case.model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alpha = 1 / 0.0)",
            "1 / 0.0",
            "Infinity"),
        Case.model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alphaPattern = @AlphaPattern(key = \"linear\", alpha ="
                + " -1))",
            "-1",
            "-1.0"),
        Case.model(
            Diagnostic.BAD_DROPOUT,
            "@Peft(target = \"linear\", dropout = 1)",
            "1",
            "less than 1, but is 1.0"),
        Case.model(
            Diagnostic.BAD_DROPOUT, "@Peft(target = \"linear\", dropout = -0.1)", "-0.1", "-0.1"),
        Case.model(
            Diagnostic.BAD_DROPOUT,
            "@Peft(target = \"linear\", dropout = Double.NaN)",
            "Double.NaN",
            "NaN"),
        Case.model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"\")",
            "\"\"",
            "is empty"),
        Case.model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"a.b\")",
            "\"a.b\"",
            "dot"),
        Case.model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"a/b\")",
            "\"a/b\"",
            "slash"),
        Case.model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"a b\")",
            "\"a b\"",
            "white"),
        Case.model(
            Diagnostic.DUPLICATE_ADAPTER,
            "@Peft(target = \"linear\", adapter = \"a\")\n@Peft(target = \"fc\", adapter = \"a\")",
            "\"a\"",
            "two adapters called \"a\""),
        Case.model(
            Diagnostic.DUPLICATE_ADAPTER,
            "@Peft(target = \"linear\")\n@Peft(target = \"fc\")",
            "@Peft(target = \"fc\")",
            "default"),
        Case.model(
            Diagnostic.UNKNOWN_TUNER,
            "@Peft(target = \"linear\", tuner = \"LORAA\")",
            "\"LORAA\"",
            "Did you mean \"LORA\"?"),
        Case.model(
            Diagnostic.UNKNOWN_TASK,
            "@Peft(target = \"linear\", taskType = \"SEQ_CLF\")",
            "\"SEQ_CLF\"",
            "\"SEQ_CLS\"",
            "CAUSAL_LM"),
        Case.model(
            Diagnostic.TWO_BIASES,
            "@Peft(target = \"linear\", bias = Bias.ALL)\n"
                + "@Peft(target = \"fc\", adapter = \"b\", bias = Bias.LORA_ONLY)",
            "Bias.LORA_ONLY",
            "\"default\" and \"b\""),
        Case.model(
            Diagnostic.LAYERS_NEED_LIST,
            "@Peft(target = \"all-linear\", layers = 1)",
            "1",
            "\"all-linear\""),
        Case.model(
            Diagnostic.LAYERS_NEED_LIST,
            "@Peft(targetRegex = \".*fc\", layersPattern = \"layers\")",
            "\"layers\"",
            "regular expression"),
        Case.model(
            Diagnostic.PATTERN_NEEDS_LAYERS,
            "@Peft(target = \"fc\", layersPattern = \"layers\")",
            "\"layers\"",
            "no layers are given"),
        Case.model(
            Diagnostic.BAD_LAYER, "@Peft(target = \"q_proj\", layers = {0, -1})", "-1", "-1"),
        Case.model(
            Diagnostic.BAD_SETTING,
            "@Peft(target = \"linear\", r = 3, init = Init.ORTHOGONAL)",
            "3",
            "needs an even rank but r is 3"),
        Case.model(
            Diagnostic.BAD_SETTING,
            "@Peft(target = \"linear\", init = Init.ORTHOGONAL, rankPattern = @RankPattern(key ="
                + " \"linear\", r = 5))",
            "5",
            "r is 5"),
        Case.model(
            Diagnostic.BAD_SETTING,
            "@Peft(target = \"linear\", pissaIterations = 4)",
            "4",
            "goes with init = PISSA, not with DEFAULT"),
        Case.model(
            Diagnostic.BAD_SETTING,
            "@Peft(target = \"linear\", init = Init.PISSA, pissaIterations = -2)",
            "-2",
            "at least 0"),
        Case.model(
            Diagnostic.BAD_SETTING,
            "@Peft(target = \"linear\", dora = true, loraBias = 1 == 1)",
            "1 == 1",
            "loraBias and dora do not go together"),
        Case.model(
            Diagnostic.BAD_SETTING,
            "@Peft(target = \"linear\", init = Init.OLORA, loraBias = true)",
            "true",
            "DEFAULT or RANDOM, not with OLORA"),
        Case.model(
            Diagnostic.BAD_TOKENS,
            "@Peft(target = \"linear\", trainableTokens = @TrainableTokens(ids = {}))",
            "{}",
            "has no id"),
        Case.model(
            Diagnostic.BAD_TOKENS,
            "@Peft(target = \"linear\", trainableTokens = @TrainableTokens(ids = {7, 7}))",
            "{7, 7}",
            "id 7 twice"),
        Case.model(
            Diagnostic.BAD_TOKENS,
            "@Peft(target = \"linear\", trainableTokens = @TrainableTokens(ids = -4))",
            "-4",
            "the id -4"),
        Case.model(
            Diagnostic.BAD_TOKENS,
            "@Peft(target = \"linear\", trainableTokens = {@TrainableTokens(embedding = \"\", ids ="
                + " 4), @TrainableTokens(embedding = \"lm_head\", ids = 4)})",
            "\"\"",
            "say in which embedding"),
        Case.model(
            Diagnostic.DUPLICATE_KEY,
            "@Peft(target = \"fc\", rankPattern = {@RankPattern(key = \"fc\", r = 2),"
                + " @RankPattern(key = \"fc\", r = 3)})",
            "\"fc\"",
            "twice"));
  }
}
