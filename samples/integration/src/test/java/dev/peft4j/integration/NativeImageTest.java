package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.nn.Module;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The metadata for GraalVM's native images says what the classes do that a static analysis does not
 * see. What they do is found here by looking at them.
 */
class NativeImageTest {
  private static final List<String> LIBRARIES = List.of("peft4j-core", "peft4j-transformers");
  private static final List<String> WITH_RESOURCES =
      List.of("peft4j-core", "peft4j-transformers", "peft4j-chat");

  /** Modules are found by reflection on the fields of their classes. */
  @Test
  void fieldsOfModulesAreReachable() throws IOException {
    for (String library : LIBRARIES) {
      Set<String> listed = new TreeSet<>();
      for (JsonNode entry : metadata(library).path("reflection")) {
        assertThat(entry.path("allDeclaredFields").asBoolean()).as(entry.toString()).isTrue();
        listed.add(entry.path("type").asText());
      }
      Set<String> needed =
          classes(library).stream()
              .filter(NativeImageTest::isSearched)
              .map(Class::getName)
              .collect(Collectors.toCollection(TreeSet::new));
      assertThat(needed).as(library).isNotEmpty();
      assertThat(listed).as(library).isEqualTo(needed);
    }
  }

  private static boolean isSearched(Class<?> c) {
    return c != Module.class && Module.class.isAssignableFrom(c);
  }

  @Test
  void resourcesAreReachable() throws IOException {
    for (String library : WITH_RESOURCES) {
      List<String> globs = new ArrayList<>();
      metadata(library).path("resources").forEach(r -> globs.add(r.path("glob").asText()));
      List<String> resources =
          entries(library).stream()
              .filter(e -> !e.endsWith(".class") && !e.endsWith("/") && !e.startsWith("META-INF/"))
              .toList();
      assertThat(resources).as(library).allMatch(r -> globs.stream().anyMatch(g -> fits(g, r)));
      // every other one is somebody else's, or matches nothing
      assertThat(globs)
          .allMatch(
              g -> g.startsWith("org/bytedeco/") || resources.stream().anyMatch(r -> fits(g, r)));
    }
    assertThat(metadata("peft4j-core").path("resources").findValuesAsText("glob"))
        .as("the libraries that Blas and OneDnn unpack")
        .anyMatch(g -> fits(g, "org/bytedeco/openblas/linux-x86_64/libopenblas.so.0"))
        .anyMatch(g -> fits(g, "org/bytedeco/dnnl/linux-x86_64/libdnnl.so.3"));
  }

  private static boolean fits(String glob, String resource) {
    return FileSystems.getDefault().getPathMatcher("glob:" + glob).matches(Path.of(resource));
  }

  /** Every native call that a class keeps a handle for is described. */
  @Test
  void nativeCallsAreDescribed() throws Exception {
    Set<String> described = new TreeSet<>();
    for (JsonNode call : metadata("peft4j-core").path("foreign").path("downcalls")) {
      List<String> parameters = new ArrayList<>();
      call.path("parameterTypes").forEach(p -> parameters.add(p.asText()));
      described.add(call.path("returnType").asText() + parameters);
    }
    Set<String> called = new TreeSet<>();
    for (Class<?> c : classes("peft4j-core")) {
      for (Field f : c.getDeclaredFields()) {
        if (c.getPackageName().equals("dev.peft4j.backend.cpu")
            && f.getType() == MethodHandle.class
            && Modifier.isStatic(f.getModifiers())) {
          f.setAccessible(true);
          MethodHandle handle = (MethodHandle) f.get(null);
          assertThat(handle).as(f.toString()).isNotNull();
          called.add(describe(handle.type()));
        }
      }
    }
    assertThat(called).hasSizeGreaterThan(3);
    assertThat(described).isEqualTo(called);
  }

  private static String describe(MethodType type) {
    Map<Class<?>, String> names =
        Map.of(
            void.class, "void",
            int.class, "jint",
            byte.class, "jbyte",
            long.class, "jlong",
            float.class, "jfloat",
            double.class, "jdouble",
            MemorySegment.class, "void*");
    // a handle for any function takes its address first
    List<Class<?>> parameters =
        type.parameterList()
            .subList(type.parameterType(0) == MemorySegment.class ? 1 : 0, type.parameterCount());
    return names.get(type.returnType()) + parameters.stream().map(names::get).toList();
  }

  private static JsonNode metadata(String library) throws IOException {
    String place = "META-INF/native-image/dev.peft4j/" + library + "/reachability-metadata.json";
    try (JarFile jar = new JarFile(Built.published(library, ".jar").toFile())) {
      JarEntry entry = jar.getJarEntry(place);
      assertThat(entry).as(place).isNotNull();
      return new ObjectMapper().readTree(jar.getInputStream(entry));
    }
  }

  private static List<String> entries(String library) throws IOException {
    try (JarFile jar = new JarFile(Built.published(library, ".jar").toFile())) {
      return jar.stream().map(JarEntry::getName).toList();
    }
  }

  private static List<Class<?>> classes(String library) throws IOException {
    Stream<String> names =
        entries(library).stream()
            .filter(e -> e.endsWith(".class") && !e.endsWith("-info.class"))
            .map(e -> e.substring(0, e.length() - ".class".length()).replace('/', '.'));
    return names.<Class<?>>map(NativeImageTest::load).toList();
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, NativeImageTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }
}
