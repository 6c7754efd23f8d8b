package com.example.tuning;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.peft4j.Peft4jException;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** A server that runs the adapted model: {@code /classify?x=1,0,0,0,0,0,0,0}. */
public final class Serve {
  private Serve() {}

  /** Takes the folder of the run (default {@code run}) and a port (default 8080). */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args.length > 0 ? args[0] : "run");
    int port = args.length > 1 ? Integer.parseInt(args[1]) : 8080;
    HttpServer server = start(folder, port);
    System.out.println("listening on http://localhost:" + server.getAddress().getPort());
  }

  static HttpServer start(Path folder, int port) throws IOException {
    ClassifierPeft model = Tuning.load(folder.resolve("base"), folder.resolve("adapter"));
    HttpServer server = HttpServer.create(new InetSocketAddress("localhost", port), 0);
    server.createContext("/classify", exchange -> answer(model, exchange));
    server.start();
    return server;
  }

  private static void answer(ClassifierPeft model, HttpExchange exchange) throws IOException {
    int status = 200;
    String text;
    try {
      float[] x = numbers(String.valueOf(exchange.getRequestURI().getQuery()));
      Tensor scores = model.forward(Tensor.of(x, 1, x.length)).softmax(-1);
      text =
          "{\"class\": %d, \"scores\": %s}\n"
              .formatted(scores.argmax()[0], Arrays.toString(scores.toFloats()));
    } catch (IllegalArgumentException | Peft4jException e) { // no numbers, other shapes
      status = 400;
      text = e.getMessage() + "\n";
    }
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    try (var out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private static float[] numbers(String query) {
    if (!query.startsWith("x=")) {
      throw new IllegalArgumentException("no numbers: /classify?x=1,0,0,0,0,0,0,0");
    }
    String[] parts = query.substring(2).split(",");
    float[] numbers = new float[parts.length];
    for (int i = 0; i < parts.length; i++) {
      numbers[i] = Float.parseFloat(parts[i]);
    }
    return numbers;
  }
}
