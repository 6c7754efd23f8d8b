package dev.peft4j.spark;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/**
 * Rows with the columns that a model gives. Some rows are read in advance, so that texts of similar
 * length are computed together; they come out in their order.
 */
final class PredictedRows implements Iterator<Row> {
  /** Batches that are read in advance. */
  private static final int WINDOW = 32;

  private final Iterator<Row> rows;
  private final int column;
  private final PredictorFolders folders;
  private final Deque<Row> ready = new ArrayDeque<>();

  PredictedRows(Iterator<Row> rows, int column, PredictorFolders folders) {
    this.rows = rows;
    this.column = column;
    this.folders = folders;
  }

  @Override
  public boolean hasNext() {
    return !ready.isEmpty() || rows.hasNext();
  }

  @Override
  public Row next() {
    if (ready.isEmpty()) {
      if (!rows.hasNext()) {
        throw new NoSuchElementException();
      }
      fill();
    }
    return ready.remove();
  }

  private void fill() {
    int batch = folders.settings().batch();
    List<Row> window = new ArrayList<>();
    while (rows.hasNext() && window.size() < WINDOW * batch) {
      window.add(rows.next());
    }
    @Nullable Object[][] found = new Object[window.size()][];
    List<Integer> order =
        IntStream.range(0, window.size())
            .filter(i -> !window.get(i).isNullAt(column))
            .boxed()
            .sorted(Comparator.comparingInt(i -> text(window, i).length()))
            .toList();
    for (int from = 0; from < order.size(); from += batch) {
      List<Integer> some = order.subList(from, Math.min(order.size(), from + batch));
      List<@Nullable Object[]> results =
          folders.predictor().predict(some.stream().map(i -> text(window, i)).toList());
      for (int i = 0; i < results.size(); i++) {
        found[some.get(i)] = results.get(i);
      }
    }
    for (int i = 0; i < found.length; i++) {
      ready.add(with(window.get(i), found[i], folders.kind().fields().size()));
    }
  }

  private String text(List<Row> window, int i) {
    return String.valueOf(window.get(i).get(column));
  }

  private static Row with(Row row, @Nullable Object @Nullable [] added, int columns) {
    @Nullable Object[] all = new Object[row.size() + columns];
    for (int i = 0; i < row.size(); i++) {
      all[i] = row.get(i);
    }
    if (added != null) {
      System.arraycopy(added, 0, all, row.size(), columns);
    }
    return RowFactory.create(all);
  }
}
