package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java of docs/spark.md compiles and runs, with a folder made for it. */
class DocumentedTest {
  private static final Path PAGE = Path.of("../../docs/spark.md");
  private static final Pattern BLOCK =
      Pattern.compile("^```java spark\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

  @TempDir Path folder;

  @Test
  void runs() throws Exception {
    Path model = TinyFolders.classifier(folder.resolve("bert"));
    Path classes = compile(program(model));
    List<Row> rows = new ArrayList<>();
    for (String[] e : TinyFolders.examples(16, 1)) {
      rows.add(RowFactory.create(e[0], e[1]));
    }
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (SparkSession spark = Sessions.local(2);
        var loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      Dataset<Row> reviews =
          spark.createDataFrame(
              rows,
              new StructType()
                  .add("text", DataTypes.StringType)
                  .add("label", DataTypes.StringType));
      loader
          .loadClass("Page")
          .getMethod("run", SparkSession.class, Dataset.class)
          .invoke(null, spark, reviews);
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
    assertThat(folder.resolve("adapter/adapter_model.safetensors")).exists();
  }

  /** Records are members, all else is a method. */
  private String program(Path model) throws IOException {
    StringBuilder members = new StringBuilder();
    StringBuilder body = new StringBuilder();
    Matcher m = BLOCK.matcher(Files.readString(PAGE));
    while (m.find()) {
      (m.group(1).startsWith("record") ? members : body).append(m.group(1));
    }
    assertThat(members).isNotEmpty();
    assertThat(body).isNotEmpty();
    return """
    import dev.peft4j.data.Rng;
    import dev.peft4j.optim.AdamW;
    import dev.peft4j.spark.*;
    import dev.peft4j.tensor.Tensor;
    import dev.peft4j.train.*;
    import dev.peft4j.transformers.*;
    import dev.peft4j.tuner.*;
    import dev.peft4j.tuner.lora.LoraConfig;
    import java.io.IOException;
    import java.nio.file.Path;
    import java.util.List;
    import org.apache.spark.sql.*;

    public class Page {
      %s
      public static void run(SparkSession spark, Dataset<Row> reviews) throws Exception {
        %s
        try (var own = SparkTrainer.of(spark, new Pairs("/models/bert"), p -> AdamW.of(p, 1e-3f))) {
          own.settings(TrainingSettings.steps(1)).run();
        }
      }
    }
    """
        .formatted(members, body)
        .replace("/models/bert", model.toString())
        .replace("Path.of(\"run\")", "Path.of(\"" + folder.resolve("run") + "\")")
        .replace("Path.of(\"adapter\")", "Path.of(\"" + folder.resolve("adapter") + "\")");
  }

  private Path compile(String source) throws IOException {
    Path file = Files.writeString(folder.resolve("Page.java"), source);
    Path classes = Files.createDirectories(folder.resolve("classes"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      assertThat(
              compiler
                  .getTask(
                      messages,
                      files,
                      null,
                      List.of("-d", classes.toString(), "-cp", classPath, "-proc:none"),
                      null,
                      files.getJavaFileObjects(file))
                  .call())
          .as("%s", messages)
          .isTrue();
    }
    return classes;
  }
}
