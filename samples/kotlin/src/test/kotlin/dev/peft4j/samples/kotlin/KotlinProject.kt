package dev.peft4j.samples.kotlin

import dev.peft4j.processor.PeftProcessor
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import java.nio.file.Path
import javax.tools.ToolProvider
import kotlin.io.path.createDirectories
import kotlin.io.path.extension
import kotlin.io.path.readText
import kotlin.io.path.walk
import kotlin.io.path.writeText
import org.jetbrains.kotlin.cli.common.ExitCode
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler

/**
 * A Kotlin project of a user: kapt with the processor, then the Kotlin compiler, then javac over what the processor
 * wrote. Compiles against this test's class path.
 */
internal class KotlinProject(private val folder: Path) {
  private val sources = folder.resolve("src").createDirectories()
  private val generated = folder.resolve("generated").createDirectories()
  private val classes = folder.resolve("classes").createDirectories()
  private val path = System.getProperty("java.class.path").split(File.pathSeparator)

  fun source(name: String, text: String) = apply { sources.resolve(name).writeText(text) }

  /** What kapt says; empty if it has nothing to say. */
  fun kapt(): String {
    val id = "plugin:org.jetbrains.kotlin.kapt3"
    val options =
      mapOf(
        "aptMode" to "stubsAndApt",
        "apclasspath" to Path.of(PeftProcessor::class.java.protectionDomain.codeSource.location.toURI()).toString(),
        "includeCompileClasspath" to "true",
        "correctErrorTypes" to "true",
        "mapDiagnosticLocations" to "true",
        "sources" to generated.toString(),
        "classes" to classes.toString(),
        "stubs" to folder.resolve("stubs").toString(),
        "incrementalData" to folder.resolve("incremental").toString(),
      )
    val plugin = path.first { "kotlin-annotation-processing-embeddable" in it }
    return kotlinc("-Xplugin=$plugin", "-P", options.entries.joinToString(",") { "$id:${it.key}=${it.value}" }).second
  }

  /** Compiles everything; fails with the compiler's messages. */
  fun compile() = apply {
    val said = kapt()
    check("error:" !in said) { said }
    val (ok, text) = kotlinc("-Werror", generated.toString())
    check(ok) { text }
    val java = generated.walk().filter { it.extension == "java" }.map { it.toString() }.toList()
    if (java.isNotEmpty()) {
      val out = ByteArrayOutputStream()
      val options = listOf("-proc:none", "-d", "$classes", "-cp", (path + "$classes").joinToString(File.pathSeparator))
      val code = ToolProvider.getSystemJavaCompiler().run(null, out, out, *(options + java).toTypedArray())
      check(code == 0) { out.toString() }
    }
  }

  /** Runs the function `main` of a source file of the default package, in this folder. */
  fun run(file: String): String {
    val out = folder.resolve("out.txt").toFile()
    val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
    val flags = listOf("--enable-native-access=ALL-UNNAMED", "--add-modules=jdk.incubator.vector")
    val command = listOf(java) + flags + listOf("-cp", (path + "$classes").joinToString(File.pathSeparator))
    val process =
      ProcessBuilder(command + (file.removeSuffix(".kt") + "Kt"))
        .directory(folder.toFile())
        .redirectOutput(out)
        .redirectError(folder.resolve("err.txt").toFile())
        .start()
    check(process.waitFor() == 0) { folder.resolve("err.txt").readText() }
    return out.readText()
  }

  private fun kotlinc(vararg more: String): Pair<Boolean, String> {
    val text = ByteArrayOutputStream()
    val options =
      listOf("-no-stdlib", "-no-reflect", "-jvm-target", "25", "-Xjspecify-annotations=strict") +
        listOf("-classpath", path.joinToString(File.pathSeparator), "-d", "$classes")
    val code = K2JVMCompiler().exec(PrintStream(text, true), *(options + more + "$sources").toTypedArray())
    return (code == ExitCode.OK) to text.toString()
  }
}
