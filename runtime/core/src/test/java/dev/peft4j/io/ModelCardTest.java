package dev.peft4j.io;

import static dev.peft4j.io.TestFiles.resource;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCardTest {
  @TempDir Path folder;

  private static final ModelCard LORA = new ModelCard(null, List.of("lora"), null);

  @Test
  void aNewCardIsPefts() throws Exception {
    assertThat(LORA.text()).isEqualTo(Files.readString(resource("adapter/README.md")));
    AdapterConfig config = AdapterConfig.read(resource("named/extra/adapter_config.json"));
    assertThat(ModelCard.of(config, "lora").text())
        .isEqualTo(Files.readString(resource("named/README.md")));
  }

  @Test
  void anOldCardKeepsItsText() throws Exception {
    String updated = LORA.update(resource("card-old.md"));
    assertThat(updated).isEqualTo(Files.readString(resource("card-updated.md")));
    Path again = Files.writeString(folder.resolve("README.md"), updated);
    assertThat(LORA.update(again)).isEqualTo(updated);
  }

  @Test
  void aTextWithoutFrontMatterGetsOne() throws Exception {
    Path file = Files.writeString(folder.resolve("README.md"), "# Mine\n\ntext");
    assertThat(LORA.update(file))
        .isEqualTo(
            """
            ---
            library_name: peft
            tags:
            - lora
            ---
            # Mine

            text
            ### Framework versions

            - PEFT 0.21.0\
            """);
  }

  @Test
  void otherFrontMatterStays() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("README.md"),
            "---\n"
                + "# note\n"
                + "license: mit\n"
                + "tags:\n"
                + "  - a\n"
                + "  - b\n"
                + "pipeline_tag: x\n"
                + "widget:\n"
                + "- text: y\n"
                + "---\n"
                + "body\n"
                + "### Framework versions\n\n"
                + "- PEFT 0.21.0\n");
    assertThat(new ModelCard("org/m", List.of("z", "a"), "text-generation").update(file))
        .isEqualTo(
            "---\n# note\nlicense: mit\ntags:\n- a\n- z\npipeline_tag: x\nwidget:\n- text: y\n"
                + "base_model: org/m\nlibrary_name: peft\n---\n"
                + "body\n### Framework versions\n\n- PEFT 0.21.0");
  }

  @Test
  void scalarsAreQuotedAsPythonQuotesThem() throws Exception {
    JsonMapper json = new JsonMapper();
    for (String line : Files.readAllLines(resource("yaml.txt"))) {
      int tab = line.indexOf('\t');
      String text = json.readValue(line.substring(0, tab), String.class);
      assertThat(FrontMatter.scalar(text)).isEqualTo(line.substring(tab + 1));
    }
    assertThat(FrontMatter.scalar("a\nb")).isEqualTo("\"a\\nb\"");
  }

  @Test
  void aCardThatIsNoTextIsNotOverwritten() throws Exception {
    Path file = Files.write(folder.resolve("README.md"), new byte[] {(byte) 0xff, 0});
    assertThatThrownBy(() -> LORA.update(file))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll("README.md", "not UTF-8");
  }
}
