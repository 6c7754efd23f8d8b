package dev.peft4j.kotlin

import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.writeText
import org.jetbrains.kotlin.cli.common.ExitCode
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler

/** What the Kotlin compiler says about a source, with this test's class path. */
internal class Compiler(private val folder: Path) {
  data class Result(val ok: Boolean, val text: String)

  fun compile(source: String): Result {
    val file = folder.createDirectories().resolve("Source.kt").apply { writeText(source) }
    val text = ByteArrayOutputStream()
    val code =
      K2JVMCompiler()
        .exec(
          PrintStream(text, true),
          "-no-stdlib",
          "-no-reflect",
          "-jvm-target",
          "25",
          "-Xjspecify-annotations=strict",
          "-classpath",
          System.getProperty("java.class.path"),
          "-d",
          folder.resolve("classes").toString(),
          file.toString(),
        )
    return Result(code == ExitCode.OK, text.toString())
  }
}
