package dev.peft4j.samples.kotlin

import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readText
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir

/**
 * The Kotlin of the documentation is compiled and run. The blocks of a page are one program: those that begin with a
 * class or a function are declarations, the others are what `main` does, in the order of the page.
 */
class DocumentationTest {
  @TempDir private lateinit var folder: Path

  private val root = Path.of("../..")

  private fun pages() =
    (root.resolve("docs").listDirectoryEntries().plusElement(root.resolve("README.md"))).filter { it.extension == "md" }

  private fun blocks(page: Path) =
    Regex("""(?ms)^```kotlin\n(.*?)^```""").findAll(page.readText()).map { it.groupValues[1] }.toList()

  @Test
  fun thereAreSomeToTry() {
    assertThat(pages().filter { blocks(it).isNotEmpty() }.map { it.name }).contains("getting-started.md", "adapters.md")
  }

  @TestFactory
  fun pagesRun(): List<DynamicTest> =
    pages()
      .filter { blocks(it).isNotEmpty() }
      .map { page ->
        DynamicTest.dynamicTest(page.name) {
          val project = KotlinProject(folder.resolve(page.name)).source("Page.kt", program(blocks(page)))
          project.compile().run("Page.kt")
        }
      }

  private fun program(blocks: List<String>): String {
    val lines = blocks.map { it.lines() }
    val imports = lines.flatten().filter { it.startsWith("import ") }.distinct()
    val bodies = lines.map { block -> block.filterNot { it.startsWith("import ") } }
    val (declarations, statements) =
      bodies.partition { body -> DECLARATION.containsMatchIn(body.first { it.isCode() }) }
    return (imports + declarations.flatten() + "fun main() {" + statements.flatten() + "}").joinToString("\n")
  }

  private fun String.isCode() = isNotBlank() && !startsWith("//")

  private companion object {
    val DECLARATION = Regex("""^(@|((open|data|abstract|internal|private) )*(class|interface|object|fun) )""")
  }
}
