package dev.peft4j.kotlin

import dev.peft4j.target.TargetSpec

/** The layers that get an adapter and the modules that are trained in full; repeated calls add to a list. */
@PeftDsl
public open class TargetsScope internal constructor() {
  private val targets = TargetSpec.builder()

  /** Adds targets: paths or ends of paths, or `all-linear` or `regex:...` alone. */
  public fun target(vararg names: String) {
    targets.targets(*names)
  }

  /** Sets the targets as a regular expression for the whole path. */
  public fun targetRegex(regex: String) {
    targets.targetRegex(regex)
  }

  /** Targets every Linear except the model's output head. */
  public fun allLinear() {
    targets.allLinear()
  }

  /** Excludes layers, by paths or ends of paths. */
  public fun exclude(vararg names: String) {
    targets.exclude(*names)
  }

  /** Excludes layers, by a regular expression for the whole path. */
  public fun excludeRegex(regex: String) {
    targets.excludeRegex(regex)
  }

  /** Adds modules that are trained in full, as copies. */
  public fun modulesToSave(vararg names: String) {
    targets.modulesToSave(*names)
  }

  /** Confines targets that are ends of paths to the layers with these indices. */
  public fun layers(vararg indices: Int) {
    targets.layers(*indices)
  }

  /** Adds names of the list in which layers are counted. */
  public fun layersPattern(vararg patterns: String) {
    targets.layersPattern(*patterns)
  }

  internal fun targetSpec(): TargetSpec = targets.build()
}
