package dev.peft4j.backend.cpu;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;

/**
 * Libraries in jars of {@code org.bytedeco}. JavaCPP unpacks them, once for each user of the
 * machine; calls go through the foreign function interface, since loading JavaCPP's own bindings
 * takes longer than everything else.
 */
@SuppressWarnings("restricted")
final class NativeLibrary {
  private NativeLibrary() {}

  /** JavaCPP's name of this machine's system and processor. */
  static String platform() {
    return Loader.getPlatform();
  }

  /**
   * Unpacks a library.
   *
   * @param artifact the artifact's name, which is that of its folder too
   * @param library file name
   * @param beside libraries that it looks for in its own folder; those that the jar lacks are left
   *     out
   * @throws IOException if the class path lacks the jar
   */
  static Path unpack(String artifact, String library, String... beside) throws IOException {
    String folder = "/org/bytedeco/" + artifact + "/" + platform() + "/";
    for (String name : beside) {
      Loader.cacheResource(NativeLibrary.class, folder + name);
    }
    File file = Loader.cacheResource(NativeLibrary.class, folder + library);
    if (file == null) {
      throw new IOException(
          "the class path lacks the jar org.bytedeco:" + artifact + ":jar:" + platform());
    }
    return file.toPath();
  }

  /** Loads an unpacked library for the life of the process. */
  static SymbolLookup load(Path library) {
    return SymbolLookup.libraryLookup(library, Arena.global());
  }
}
