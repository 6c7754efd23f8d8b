package dev.peft4j.io;

import java.io.CharConversionException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;

/** Quotes of file contents in messages: always short and printable. */
public final class Quote {
  private static final int LIMIT = 200;

  private Quote() {}

  /**
   * Returns {@code s} in single quotes; control characters are escaped, the middle of a long text
   * is left out.
   */
  public static String text(String s) {
    StringBuilder out = new StringBuilder("'");
    if (s.length() <= LIMIT) {
      out.append(Printable.of(s));
    } else {
      out.append(Printable.of(s.substring(0, LIMIT / 2)));
      out.append(" ... ");
      out.append(Printable.of(s.substring(s.length() - LIMIT / 4)));
      return out.append("' (").append(s.length()).append(" characters)").toString();
    }
    return out.append('\'').toString();
  }

  /** Returns {@code s} without quotes, cut after the same number of characters. */
  static String plain(String s) {
    return Printable.of(s.length() <= LIMIT ? s : s.substring(0, LIMIT) + " ...");
  }

  /** Returns the items in quotes, separated by commas, at most {@code limit} of them. */
  public static String list(Collection<String> items, int limit) {
    StringBuilder out = new StringBuilder();
    Iterator<String> it = items.iterator();
    for (int i = 0; i < limit && it.hasNext(); i++) {
      out.append(i == 0 ? "" : ", ").append(text(it.next()));
    }
    if (it.hasNext()) {
      out.append(" and ").append(items.size() - limit).append(" more");
    }
    return out.toString();
  }

  /** Returns the reason of a file system error, in a few words. */
  static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file or folder";
      case NotDirectoryException _ -> "not a folder";
      case FileAlreadyExistsException _ -> "a file of that name exists";
      case CharacterCodingException _ -> "not UTF-8 text";
      case CharConversionException _ -> "not UTF-8 text";
      case FileSystemException f when f.getReason() != null -> lowerFirst(f.getReason());
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : lowerFirst(e.getMessage());
    };
  }

  private static String lowerFirst(String s) {
    boolean word = s.length() > 1 && Character.isLowerCase(s.charAt(1));
    return word ? s.substring(0, 1).toLowerCase(Locale.ROOT) + s.substring(1) : s;
  }
}
