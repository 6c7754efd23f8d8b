package dev.peft4j.processor;

/**
 * The messages of the processor: the problem and how to fix it. The ids stay the same from release
 * to release.
 */
enum Diagnostic {
  // the class
  NOT_A_MODULE(
      1, "%s needs a class that extends dev.peft4j.nn.Module, but %s %s. Let it extend Module."),
  FINAL_CLASS(
      2,
      "%s is final, so the adapted class cannot extend it. Leave out final (in Kotlin: write open),"
          + " or use PeftModel.of(model, config)."),
  ABSTRACT_CLASS(
      3,
      "%s is abstract, so the adapted class could not be made. Put %s on the classes that extend"
          + " it."),
  INNER_CLASS(
      4,
      "%s is an inner class, bound to an instance of %s. Make it static (in Kotlin: leave out"
          + " inner)."),
  PRIVATE_CLASS(
      5, "%s is private, so the adapted class cannot extend it. Make it at least package-private."),
  SEALED_CLASS(6, "%s is sealed and does not permit the adapted class. Leave out sealed."),
  NO_VISIBLE_CONSTRUCTOR(
      7,
      "%s has no constructor that the adapted class could call. Make one at least"
          + " package-private."),
  CONSTRUCTOR_SKIPPED(
      8,
      true,
      "The constructor %s is left out of the adapted class, since its type %s cannot be seen from"
          + " there."),
  NAME_TAKEN(
      9,
      "The adapted class would be called %s, but a class of this name already exists. Give"
          + " another className."),
  BAD_CLASS_NAME(
      10, "className \"%s\" is not a simple name of a Java class. Write one such as \"%s\"."),
  METHOD_CLASH(
      11,
      "%s declares %s, which the adapted class has to declare itself. Give it another name, such as"
          + " %s."),
  METHOD_HIDES(
      12,
      true,
      "%s declares %s, which hides the method of PeftModel in the adapted class. Give it another"
          + " name, such as %s, or call the adapter's method on adapt(model)."),
  RUNTIME_MISSING(
      13,
      "%s cannot be found. Add peft4j-core to the class path (in a named module: requires"
          + " dev.peft4j.core)."),
  UNRESOLVED(14, "%s on %s was not processed, since %s could not be resolved."),
  DUPLICATE_CHECKPOINT_NAME(
      15,
      "%s and %s have the same name in checkpoints, \"%s\". Give one of them a @CheckpointName."),
  BAD_CHECKPOINT_NAME(
      16, "@CheckpointName of %s is empty. Write the name that the checkpoint has."),
  PACKAGE_NOT_OPEN(
      17,
      true,
      "Package %s is not open to dev.peft4j.core, which finds the modules of a model by its fields."
          + " Write \"opens %s to dev.peft4j.core;\" in module-info.java."),
  UNKNOWN_CONTAINER(
      18,
      "%s holds modules in a value of type %s, where they are not found. Use a List or a Map, or"
          + " make the field transient if they are not part of the model."),
  NOT_NAMEABLE(19, "%s has to name %s, but %s. %s."),

  // the annotation's values
  NO_TARGET(20, "%s names no layer for the adapter. Write target = \"...\": %s."),
  EMPTY_NAME(21, "%s has an empty entry. Leave it out, or write the name of a module."),
  TWO_WAYS(22, "%s. Write one of them."),
  BAD_REGEX(
      23,
      "\"%s\" is not a regular expression: %s. Fix it, or write \\\\ before characters that are"
          + " meant literally."),
  BAD_RANK(
      24, "r should be a positive integer value but the value passed is %d. Write at least 1."),
  BAD_ALPHA(25, "alpha has to be a finite number greater than 0 but is %s."),
  BAD_DROPOUT(
      26,
      "dropout is the probability of leaving an element out, at least 0 and less than 1, but is"
          + " %s."),
  BAD_ADAPTER_NAME(27, "The adapter's name \"%s\" %s. Write letters, digits, - and _."),
  DUPLICATE_ADAPTER(
      28, "%s has two adapters called \"%s\". Give each %s an adapter = \"...\" of its own."),
  UNKNOWN_TUNER(29, "There is no tuner \"%s\". %s"),
  UNKNOWN_TASK(30, "There is no task type \"%s\". %s"),
  TWO_BIASES(
      31,
      "The adapters \"%s\" and \"%s\" both train biases of the base model. Only one may: set bias ="
          + " NONE on the other."),
  LAYERS_NEED_LIST(
      32, "%s needs a list of targets, not %s. Leave it out, or name the targets one by one."),
  PATTERN_NEEDS_LAYERS(
      33, "layersPattern says where to count layers, but no layers are given. Add layers = {...}."),
  BAD_LAYER(34, "A layer's index is at least 0 but is %d."),
  DUPLICATE_KEY(35, "%s has the key \"%s\" twice. Leave one out."),
  TWO_CLASS_NAMES(36, "The adapted class would be called both %s and %s. Give className once."),
  BAD_SETTING(37, "%s. %s."),
  BAD_TOKENS(38, "trainableTokens %s. Write the ids of rows, from 0 on, each once."),

  // targets and modules
  NO_SUCH_TARGET(40, "%s has no module %s. %s"),
  TARGET_PARTLY_UNMATCHED(41, "%s has no module %s, though it has the other targets. %s"),
  UNSUPPORTED_MODULE(42, "The target %s names %s, which takes no %s adapter: only %s. %s"),
  TARGET_EXCLUDED(43, "The target %s %s."),
  TARGET_SAVED(
      44,
      "The target %s names only modules in \"%s\", which modulesToSave trains in full. Leave out"
          + " one of the two."),
  UNREACHABLE(45, "%s is to be reached through %s, but %s. %s"),
  SAVES_NOTHING(46, "%s has no module \"%s\" to save. %s"),
  LAYERS_MATCH_NOTHING(47, "No layer that %s names is in the layers %s. %s"),
  NO_SUCH_EMBEDDING(48, "%s has no embedding \"%s\" with tokens to train. %s"),
  TOKENS_IN_TARGET(
      49,
      "%s is a target and has trainableTokens, too. Leave out one of the two: exclude = \"%s\"."),

  // not wrong for certain
  EXCLUDES_NOTHING(50, true, "exclude names no module: %s has none called \"%s\". %s"),
  KEY_MATCHES_NOTHING(
      51, true, "%s has the key \"%s\", but none of the targeted layers is called so. %s"),
  ONLY_AT_RUN_TIME(
      52,
      true,
      "%s has no module %s as far as the types tell; it is looked for at run time in %s. %s"),
  NOT_SEARCHED(53, true, "%s is not searched for targets, since %s. %s"),
  ADAPTER_IS_SEGMENT(
      54,
      true,
      "The adapter's name \"%s\" is also part of the path %s. peft loses weights when it loads such"
          + " a checkpoint: give the adapter another name."),
  METHOD_HIDDEN(
      55,
      true,
      "%s declares %s, but in the adapted class it is that of PeftModel, for the adapters. Give it"
          + " another name, such as %s, if it is to be called there."),

  // the tuner
  MEMBER_OF_OTHER_TUNER(60, "%s is a setting of %s, but the tuner is %s. Leave it out%s."),
  NOT_A_TARGET(
      61,
      "%s names some of the targets, but \"%s\" is not one of them. Write"
          + " it as target has it. %s"),
  BAD_DESCRIPTOR(
      63,
      "%s has its settings in %s, but %s. The annotation and the tuner's classes have to be of the"
          + " same version."),
  TWO_TUNERS(
      62,
      "The adapters \"%s\" and \"%s\" are of different tuners, %s and %s. Those of one model are of"
          + " one: set the same tuner on both.");

  private final int number;
  private final boolean warning;
  private final String format;

  Diagnostic(int number, String format) {
    this(number, false, format);
  }

  Diagnostic(int number, boolean warning, String format) {
    this.number = number;
    this.warning = warning;
    this.format = format;
  }

  String id() {
    return "PEFT%03d".formatted(number);
  }

  boolean warning() {
    return warning;
  }

  String text(Object... details) {
    return format.formatted(details).strip();
  }
}
