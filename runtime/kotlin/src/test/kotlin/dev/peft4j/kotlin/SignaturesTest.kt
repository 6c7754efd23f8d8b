package dev.peft4j.kotlin

import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.nameWithoutExtension
import kotlin.io.path.toPath
import kotlin.metadata.KmConstructor
import kotlin.metadata.KmFunction
import kotlin.metadata.KmProperty
import kotlin.metadata.KmType
import kotlin.metadata.Visibility
import kotlin.metadata.jvm.KotlinClassMetadata
import kotlin.metadata.visibility
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test

/** The public declarations of this module, as the compiler wrote them down. */
class SignaturesTest {
  private val types = mutableListOf<Pair<String, KmType>>()

  @Test
  fun noTypeIsAPlatformType() {
    val classes: Path = PeftDsl::class.java.protectionDomain.codeSource.location.toURI().toPath()
    classes.resolve("dev/peft4j/kotlin").listDirectoryEntries("*.class").forEach { file ->
      val type = Class.forName("dev.peft4j.kotlin.${file.nameWithoutExtension}")
      type.getAnnotation(Metadata::class.java)?.let { add(KotlinClassMetadata.readStrict(it)) }
    }
    val names = types.map { it.first }
    assertThat(names).contains("peft", "train", "lora", "matmul", "plus", "invoke", "onStep", "alpha")
    assertThat(names).hasSizeGreaterThan(150)
    assertThat(types.filter { isFlexible(it.second) }.map { it.first }).isEmpty()
  }

  private fun add(metadata: KotlinClassMetadata) {
    when (metadata) {
      is KotlinClassMetadata.Class -> {
        val c = metadata.kmClass
        c.functions.forEach(::add)
        c.properties.forEach(::add)
        c.constructors.forEach(::add)
        c.supertypes.forEach { types += c.name to it }
      }
      is KotlinClassMetadata.FileFacade -> {
        metadata.kmPackage.functions.forEach(::add)
        metadata.kmPackage.properties.forEach(::add)
      }
      else -> {}
    }
  }

  private fun add(f: KmFunction) {
    if (isVisible(f.visibility)) {
      f.receiverParameterType?.let { types += f.name to it }
      f.valueParameters.forEach { types += f.name to it.type }
      f.typeParameters.flatMap { it.upperBounds }.forEach { types += f.name to it }
      types += f.name to f.returnType
    }
  }

  private fun add(p: KmProperty) {
    if (isVisible(p.visibility)) types += p.name to p.returnType
  }

  private fun add(c: KmConstructor) {
    if (isVisible(c.visibility)) c.valueParameters.forEach { types += "constructor" to it.type }
  }

  private fun isVisible(v: Visibility) = v == Visibility.PUBLIC || v == Visibility.PROTECTED

  private fun isFlexible(type: KmType?): Boolean =
    type != null && (type.flexibleTypeUpperBound != null || type.arguments.any { isFlexible(it.type) })
}
