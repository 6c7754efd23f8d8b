package dev.peft4j.kotlin

import java.lang.reflect.Modifier
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.isDirectory
import kotlin.streams.asSequence
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test

class PublicApiTest {
  /** Words that have to be put in backquotes wherever they are names. */
  private val keywords =
    ("as break class continue do else false for fun if in interface is null object package return super this throw " +
        "true try typealias typeof val var when while")
      .split(" ")
      .toSet()

  @Test
  fun noPublicNameOfTheJavaApiIsAKeyword() {
    val types =
      listOf(dev.peft4j.nn.Linear::class.java, dev.peft4j.annotation.Peft::class.java).flatMap(::publicTypes)
    assertThat(types.map { it.name }).contains("dev.peft4j.tuner.LoraConfig\$Builder", "dev.peft4j.target.TargetSpec")
    val names = types.flatMap { type ->
      val members = (type.declaredMethods.toList() + type.declaredFields).filter {
        it.modifiers and (Modifier.PUBLIC or Modifier.PROTECTED) != 0 && !it.isSynthetic
      }
      type.name.split('.', '$').map { it to type.name } + members.map { it.name to "${type.name}.${it.name}" }
    }
    assertThat(names).hasSizeGreaterThan(1000)
    assertThat(names.filter { it.first in keywords }.map { it.second }).isEmpty()
  }

  /** Public and protected types of the jar or folder that [of] comes from. */
  private fun publicTypes(of: Class<*>): List<Class<*>> {
    val place = Path.of(of.protectionDomain.codeSource.location.toURI())
    fun types(root: Path): List<Class<*>> =
      Files.walk(root).use { files ->
        files
          .asSequence()
          .filter { it.extension == "class" && !it.fileName.toString().endsWith("-info.class") }
          .map { root.relativize(it).joinToString(".").removeSuffix(".class") }
          .map { Class.forName(it, false, of.classLoader) }
          .filter(::isVisible)
          .toList()
      }
    return if (place.isDirectory()) types(place)
    else FileSystems.newFileSystem(place).use { types(it.getPath("/")) }
  }

  private fun isVisible(type: Class<*>): Boolean =
    type.modifiers and (Modifier.PUBLIC or Modifier.PROTECTED) != 0 && (type.declaringClass?.let(::isVisible) ?: true)
}
