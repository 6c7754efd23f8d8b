package com.example.tuning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningTest {
  @TempDir private static Path folder;

  @BeforeAll
  static void train() {
    Tuning.main(new String[] {folder.toString(), "20"});
  }

  @Test
  void whatIsTrainedIsSaved() {
    List<Tuning.Batch> batches = Tuning.batches(1);
    double before = Tuning.accuracy(Tuning.load(folder.resolve("base")), batches);
    ClassifierPeft model = Tuning.load(folder.resolve("base"), folder.resolve("adapter"));
    assertTrue(Tuning.accuracy(model, batches) > Math.max(0.8, before));
  }

  @Test
  void theMergedModelComputesTheSame() {
    ClassifierPeft model = Tuning.load(folder.resolve("base"), folder.resolve("adapter"));
    float[] adapted = model.forward(Tuning.batch(0, 1).x()).toFloats();
    model.saveMerged(folder.resolve("merged"));
    Classifier merged = new Classifier(8, 2, 2);
    merged.load(folder.resolve("merged"));
    assertArrayEquals(adapted, merged.forward(Tuning.batch(0, 1).x()).toFloats(), 1e-4f);
  }

  @Test
  void itIsServed() throws Exception {
    var server = Serve.start(folder, 0);
    String address = "http://localhost:" + server.getAddress().getPort() + "/classify?x=";
    try (HttpClient client = HttpClient.newHttpClient()) {
      assertTrue(get(client, address + "3,3,3,3,3,3,3,-3").body().startsWith("{\"class\": 1"));
      assertTrue(get(client, address + "1,1,1,1,1,1,1,1").body().startsWith("{\"class\": 0"));
      assertEquals(400, get(client, address + "1,1").statusCode());
      assertEquals(400, get(client, address + "one").statusCode());
    } finally {
      server.stop(0);
    }
  }

  private static HttpResponse<String> get(HttpClient client, String address) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
  }
}
