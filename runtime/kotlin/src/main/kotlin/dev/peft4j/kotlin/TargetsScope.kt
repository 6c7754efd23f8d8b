package dev.peft4j.kotlin

import dev.peft4j.target.TargetSpec

/** Which layers get an adapter, and which modules are trained whole; lists add up. */
@PeftDsl
public open class TargetsScope internal constructor() {
  private val targets = TargetSpec.builder()

  /** Paths or ends of paths; or `all-linear` or `regex:...` alone. */
  public fun target(vararg names: String) {
    targets.targets(*names)
  }

  /** A regular expression for the whole path. */
  public fun targetRegex(regex: String) {
    targets.targetRegex(regex)
  }

  /** Every Linear but the model's output head. */
  public fun allLinear() {
    targets.allLinear()
  }

  /** Paths or ends of paths that get none. */
  public fun exclude(vararg names: String) {
    targets.exclude(*names)
  }

  /** A regular expression for whole paths that get none. */
  public fun excludeRegex(regex: String) {
    targets.excludeRegex(regex)
  }

  /** Modules that are trained whole, as copies. */
  public fun modulesToSave(vararg names: String) {
    targets.modulesToSave(*names)
  }

  /** Indices of the layers that ends of paths are confined to. */
  public fun layers(vararg indices: Int) {
    targets.layers(*indices)
  }

  /** Names of the list that layers are counted in. */
  public fun layersPattern(vararg patterns: String) {
    targets.layersPattern(*patterns)
  }

  internal fun targetSpec(): TargetSpec = targets.build()
}
