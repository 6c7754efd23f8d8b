package com.example.tuning

import com.sun.net.httpserver.HttpServer
import dev.peft4j.Peft4jException
import dev.peft4j.kotlin.invoke
import dev.peft4j.tensor.Tensor
import java.net.InetSocketAddress
import java.nio.file.Path

/**
 * Serves the adapted model over HTTP: `/classify?x=1,0,0,0,0,0,0,0`. Arguments: the folder of the run
 * (default `run`), a port (default 8080).
 */
fun main(args: Array<String>) {
  val server = serve(Path.of(args.getOrElse(0) { "run" }), args.getOrElse(1) { "8080" }.toInt())
  println("listening on http://localhost:${server.address.port}")
}

fun serve(folder: Path, port: Int): HttpServer {
  val model = load(folder.resolve("base"), folder.resolve("adapter"))
  val server = HttpServer.create(InetSocketAddress("localhost", port), 0)
  server.createContext("/classify") { exchange ->
    val (status, text) =
      try {
        200 to answer(model, exchange.requestURI.query.orEmpty())
      } catch (e: IllegalArgumentException) { // no numbers
        400 to "${e.message}\n"
      } catch (e: Peft4jException) { // another shape
        400 to "${e.message}\n"
      }
    val body = text.toByteArray()
    exchange.sendResponseHeaders(status, body.size.toLong())
    exchange.responseBody.use { it.write(body) }
  }
  server.start()
  return server
}

private fun answer(model: ClassifierPeft, query: String): String {
  require(query.startsWith("x=")) { "no numbers: /classify?x=1,0,0,0,0,0,0,0" }
  val x = query.removePrefix("x=").split(',').map(String::toFloat).toFloatArray()
  val scores = model(Tensor.of(x, 1, x.size)).softmax(-1)
  return "{\"class\": ${scores.argmax()[0]}, \"scores\": ${scores.toFloats().contentToString()}}\n"
}
