package com.example.tuning

import dev.peft4j.kotlin.invoke
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class TuningTest {
  @Test
  fun whatIsTrainedIsSaved() {
    val before = accuracy(load(folder.resolve("base")), batches(1f))
    val model = load(folder.resolve("base"), folder.resolve("adapter"))
    assertTrue(accuracy(model, batches(1f)) > maxOf(0.8, before))
  }

  @Test
  fun theMergedModelComputesTheSame() {
    val model = load(folder.resolve("base"), folder.resolve("adapter"))
    val x = batch(0, 1f).x
    val adapted = model(x).toFloats()
    model.saveMerged(folder.resolve("merged"))
    val merged = Classifier(8, 2, 2)
    merged.load(folder.resolve("merged"))
    assertArrayEquals(adapted, merged(x).toFloats(), 1e-4f)
  }

  @Test
  fun itIsServed() {
    val server = serve(folder, 0)
    try {
      fun get(x: String) =
        HttpClient.newHttpClient().use {
          val address = URI.create("http://localhost:${server.address.port}/classify?x=$x")
          it.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString())
        }
      assertTrue(get("3,3,3,3,3,3,3,-3").body().startsWith("{\"class\": 1"))
      assertTrue(get("1,1,1,1,1,1,1,1").body().startsWith("{\"class\": 0"))
      assertEquals(400, get("1,1").statusCode())
      assertEquals(400, get("one").statusCode())
    } finally {
      server.stop(0)
    }
  }

  private companion object {
    @TempDir @JvmStatic lateinit var folder: Path

    @BeforeAll @JvmStatic fun train() = tune(folder, 20)
  }
}
