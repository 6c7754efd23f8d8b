package dev.peft4j.chat.jinja;

import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's {@code strftime}, in the locale C. */
final class Strftime {
  private Strftime() {}

  static String format(String format, ZonedDateTime t, Runtime rt) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      int start = i++;
      char flag = 0;
      while (i < format.length() && "-_0^#".indexOf(format.charAt(i)) >= 0) {
        flag = format.charAt(i++);
      }
      String s = i < format.length() ? one(format.charAt(i), flag, t, rt) : null;
      out.append(s == null ? format.substring(start, Math.min(i + 1, format.length())) : s);
      rt.reserve(8);
    }
    return rt.made(out.toString());
  }

  private static String number(long n, int digits, char pad, char flag) {
    String s = Long.toString(n);
    char by = flag == '_' ? ' ' : flag == '0' ? '0' : pad;
    return flag == '-' ? s : String.valueOf(by).repeat(Math.max(0, digits - s.length())) + s;
  }

  private static String text(String s, char flag) {
    return flag == '^' || flag == '#' ? s.toUpperCase(Locale.ROOT) : s;
  }

  private static @org.jspecify.annotations.Nullable String one(
      char c, char flag, ZonedDateTime t, Runtime rt) {
    int hour12 = t.getHour() % 12 == 0 ? 12 : t.getHour() % 12;
    int weekday = t.getDayOfWeek().getValue() % 7;
    int day = t.getDayOfYear();
    return switch (c) {
      case 'a' -> text(t.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH), flag);
      case 'A' -> text(t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH), flag);
      case 'b', 'h' ->
          text(t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3), flag);
      case 'B' -> text(t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH), flag);
      case 'c' -> format("%a %b %e %H:%M:%S %Y", t, rt);
      case 'C' -> number(t.getYear() / 100, 2, '0', flag);
      case 'd' -> number(t.getDayOfMonth(), 2, '0', flag);
      case 'D', 'x' -> format("%m/%d/%y", t, rt);
      case 'e' -> number(t.getDayOfMonth(), 2, ' ', flag);
      case 'f' -> number(t.getNano() / 1000, 6, '0', (char) 0);
      case 'F' -> format("%Y-%m-%d", t, rt);
      case 'g' -> number(t.get(IsoFields.WEEK_BASED_YEAR) % 100, 2, '0', flag);
      case 'G' -> number(t.get(IsoFields.WEEK_BASED_YEAR), 1, '0', flag);
      case 'H' -> number(t.getHour(), 2, '0', flag);
      case 'I' -> number(hour12, 2, '0', flag);
      case 'j' -> number(day, 3, '0', flag);
      case 'k' -> number(t.getHour(), 2, ' ', flag);
      case 'l' -> number(hour12, 2, ' ', flag);
      case 'm' -> number(t.getMonthValue(), 2, '0', flag);
      case 'M' -> number(t.getMinute(), 2, '0', flag);
      case 'n' -> "\n";
      case 'p' -> flag == '#' ? (t.getHour() < 12 ? "am" : "pm") : t.getHour() < 12 ? "AM" : "PM";
      case 'P' -> t.getHour() < 12 ? "am" : "pm";
      case 'r' -> format("%I:%M:%S %p", t, rt);
      case 'R' -> format("%H:%M", t, rt);
      case 's' -> Long.toString(t.toEpochSecond());
      case 'S' -> number(t.getSecond(), 2, '0', flag);
      case 't' -> "\t";
      case 'T', 'X' -> format("%H:%M:%S", t, rt);
      case 'u' -> number(t.getDayOfWeek().getValue(), 1, '0', flag);
      case 'U' -> number((day + 6 - weekday) / 7, 2, '0', flag);
      case 'V' -> number(t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, '0', flag);
      case 'w' -> number(weekday, 1, '0', flag);
      case 'W' -> number((day + 6 - (weekday + 6) % 7) / 7, 2, '0', flag);
      case 'y' -> number(t.getYear() % 100, 2, '0', flag);
      case 'Y' -> number(t.get(ChronoField.YEAR), 1, '0', flag);
      // A Python datetime without a zone has none to tell.
      case 'z', 'Z' -> "";
      case '%' -> "%";
      default -> null;
    };
  }

  /** The present, to the microsecond. */
  static ZonedDateTime now() {
    return ZonedDateTime.now().truncatedTo(ChronoUnit.MICROS);
  }
}
