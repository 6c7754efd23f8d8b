package dev.peft4j.samples.gpu;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.attribute.ModuleAttribute;
import java.lang.classfile.attribute.ModuleRequireInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Jars without compression, of which an archive as a whole makes less, without signatures, and
 * whose module does not require java.desktop, which the packed Java does not have.
 */
final class PlainJar {
  private static final String MODULE = "module-info.class";
  private static final String DESKTOP = "java.desktop";

  private PlainJar() {}

  static void copy(Path from, Path to) throws IOException {
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(from));
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
      out.setMethod(ZipOutputStream.STORED);
      for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        String name = e.getName();
        boolean signed = name.startsWith("META-INF/") && name.matches(".*\\.(SF|RSA|DSA)");
        if (e.isDirectory() || signed || name.startsWith("META-INF/maven/")) {
          continue;
        }
        byte[] data = in.readAllBytes();
        if (name.equals(MODULE)) {
          data = withoutDesktop(data);
        }
        CRC32 sum = new CRC32();
        sum.update(data);
        ZipEntry plain = new ZipEntry(name);
        plain.setTime(0);
        plain.setSize(data.length);
        plain.setCrc(sum.getValue());
        out.putNextEntry(plain);
        out.write(data);
      }
    }
  }

  private static byte[] withoutDesktop(byte[] module) {
    ClassFile format = ClassFile.of();
    return format.transformClass(
        format.parse(module),
        (builder, element) ->
            builder.with(element instanceof ModuleAttribute m ? withoutDesktop(m) : element));
  }

  private static ModuleAttribute withoutDesktop(ModuleAttribute m) {
    List<ModuleRequireInfo> kept =
        m.requires().stream()
            .filter(r -> !r.requires().name().stringValue().equals(DESKTOP))
            .toList();
    return ModuleAttribute.of(
        m.moduleName(),
        b -> {
          b.moduleFlags(m.moduleFlagsMask());
          m.moduleVersion().ifPresent(v -> b.moduleVersion(v.stringValue()));
          kept.forEach(b::requires);
          m.exports().forEach(b::exports);
          m.opens().forEach(b::opens);
          m.uses().forEach(u -> b.uses(u.asSymbol()));
          m.provides().forEach(b::provides);
        });
  }
}
