package dev.peft4j.chat.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Values that come from JSON. */
final class Values {
  private Values() {}

  /** What was made of a JSON value, and about how many characters it has. */
  static final class Made {
    long characters;

    Object of(JsonNode node) {
      characters += 2;
      return switch (node.getNodeType()) {
        case STRING -> {
          characters += node.textValue().length();
          yield node.textValue();
        }
        case OBJECT -> {
          PyDict dict = new PyDict();
          node.properties()
              .forEach(
                  e -> {
                    characters += e.getKey().length();
                    dict.put(e.getKey(), of(e.getValue()));
                  });
          yield dict;
        }
        case ARRAY -> {
          List<Object> items = new ArrayList<>(node.size());
          node.forEach(n -> items.add(of(n)));
          yield new PyList(items);
        }
        case BOOLEAN -> node.booleanValue();
        case NUMBER ->
            node.isIntegralNumber()
                ? Num.normal(node.bigIntegerValue())
                : (Object) node.doubleValue();
        default -> None.NONE;
      };
    }
  }
}
