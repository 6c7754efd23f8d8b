package dev.peft4j.backend.cublas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where CUDA's libraries are looked for. */
class CudaLibrariesTest {
  @TempDir Path folder;

  @Test
  void foldersOfInstallersAndOfPip() throws IOException {
    Path toolkit = Files.createDirectories(folder.resolve("cuda/lib64"));
    Path targets = Files.createDirectories(folder.resolve("cuda/targets/x86_64-linux/lib"));
    Path wheels =
        Files.createDirectories(
            folder.resolve("home/.local/lib/python3.13/site-packages/nvidia/cu13/lib"));
    assertThat(
            CudaLibraries.folders(
                Map.of("CUDA_PATH", folder.resolve("cuda").toString()), folder.resolve("home")))
        .containsSubsequence(toolkit, targets)
        .contains(wheels);
  }

  @Test
  void aGivenFolderComesFirst() throws IOException {
    Path given = Files.createDirectories(folder.resolve("given"));
    System.setProperty(CudaLibraries.FOLDER, given.toString());
    try {
      assertThat(CudaLibraries.folders(Map.of(), folder).getFirst()).isEqualTo(given);
    } finally {
      System.clearProperty(CudaLibraries.FOLDER);
    }
  }

  @Test
  void whatIsNoLibraryIsNotTaken() throws IOException {
    for (String name : List.of("libcublas.so.13", "libcublasLt.so.13", "libcuda.so.1")) {
      Files.writeString(folder.resolve(name), "not a library");
    }
    CudaLibraries there = new CudaLibraries(List.of(folder), false, false);
    assertThat(there.cublas()).isEmpty();
    assertThat(there.driver()).isEmpty();
    assertThat(new CudaLibraries(List.of(), true, false).cublas()).isEmpty();
  }
}
