package dev.peft4j.nn;

import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.StaleTensorException;
import dev.peft4j.graph.Variable;
import dev.peft4j.log.Log;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A layer that normalises each channel over all other axes, scales and shifts (Ioffe and Szegedy
 * 2015), as torch's {@code BatchNorm1d} and {@code BatchNorm2d}. In training mode mean and variance
 * are those of the batch, and the running statistics follow them; in evaluation mode the running
 * statistics are used.
 *
 * <p>The running statistics are {@link Buffer}s: {@code running_mean}, {@code running_var} and
 * {@code num_batches_tracked} in state dicts and files. They are updated with the step of the
 * optimizer, or when they are next read; statistics that are not finite are ignored.
 *
 * <p>In the base of an adapted model they are never updated, since an adapter never changes the
 * base: in training mode the batch's statistics are used, and the running ones stay as they are.
 * (In peft they are updated, and not saved with the adapter.) A norm among the modules to save has
 * its own, which are updated and saved.
 */
public abstract sealed class BatchNorm extends Module implements Layer
    permits BatchNorm1d, BatchNorm2d {
  private static final Log LOG = Log.of(BatchNorm.class);

  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;
  private final @Nullable Buffer runningMean;
  private final @Nullable Buffer runningVar;
  private final @Nullable Buffer numBatchesTracked;
  private final int channels;
  private final float eps;
  private final @Nullable Float momentum;

  BatchNorm(
      int channels,
      float eps,
      @Nullable Float momentum,
      boolean affine,
      boolean trackRunningStats) {
    if (channels < 1 || !(eps >= 0) || momentum != null && !(momentum >= 0 && momentum <= 1)) {
      throw new IllegalArgumentException(
          "%s(%d, %s, %s): needed at least one channel, eps of at least 0 and a momentum from 0 to 1"
              .formatted(getClass().getSimpleName(), channels, eps, momentum));
    }
    this.channels = channels;
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? Initial.constant(1, channels) : null;
    this.bias = affine ? Initial.constant(0, channels) : null;
    this.runningMean = trackRunningStats ? Buffer.filled(0, channels) : null;
    this.runningVar = trackRunningStats ? Buffer.filled(1, channels) : null;
    this.numBatchesTracked = trackRunningStats ? Buffer.count(0) : null;
  }

  /** Throws a ShapeException unless the input has one of the allowed ranks. */
  abstract void requireRank(Tensor x);

  final ShapeException wrong(Tensor x, String needed) {
    return new ShapeException(
        getClass().getSimpleName()
            + ": input of shape "
            + x.shape()
            + ", needed "
            + needed.replace("C", Integer.toString(channels)));
  }

  final int channels() {
    return channels;
  }

  @Override
  public Tensor forward(Tensor x) {
    requireRank(x);
    int rank = x.shape().rank();
    int[] others = IntStream.range(0, rank).filter(i -> i != 1).toArray();
    int[] perChannel = new int[rank];
    Arrays.fill(perChannel, 1);
    perChannel[1] = channels;
    Tensor mean;
    Tensor variance;
    if (training() || runningMean == null || runningVar == null) {
      long n = x.shape().elements() / channels;
      if (n < 2) {
        throw new ShapeException(
            getClass().getSimpleName()
                + ": input of shape "
                + x.shape()
                + " has "
                + n
                + " value for each channel, of which there is no variance; in training mode at"
                + " least 2 are needed");
      }
      mean = x.meanKeep(others);
      variance = x.sub(mean).square().meanKeep(others);
      if (training()) {
        track(mean, variance, n);
      }
    } else {
      mean = runningMean.reshape(perChannel);
      variance = runningVar.reshape(perChannel);
    }
    Tensor y = x.sub(mean).mul(variance.add(eps).rsqrt());
    return seen(
        weight == null || bias == null
            ? y
            : y.mul(weight.reshape(perChannel)).add(bias.reshape(perChannel)));
  }

  @Override
  protected String extraRepr() {
    String affine = ModuleText.bool(weight != null);
    return channels
        + ", eps="
        + ModuleText.number(eps)
        + ", momentum="
        + (momentum == null ? "None" : ModuleText.number(momentum))
        + ", affine="
        + affine
        + ", bias="
        + affine
        + ", track_running_stats="
        + ModuleText.bool(runningMean != null);
  }

  private void track(Tensor mean, Tensor variance, long n) {
    if (runningMean == null || runningVar == null || numBatchesTracked == null) {
      return;
    }
    if (runningMean.mayChange()) {
      new Statistics(
              runningMean.acting(),
              runningVar.acting(),
              numBatchesTracked.acting(),
              momentum,
              mean,
              variance,
              n)
          .begin();
    }
  }

  /** The running statistics, and those of a batch that they will follow. */
  private static final class Statistics implements Buffer.Pending {
    private final Buffer runningMean;
    private final Buffer runningVar;
    private final Buffer count;
    private final @Nullable Float momentum;
    private final Tensor mean;
    private final Tensor variance;
    private final long n;
    private boolean done;

    Statistics(
        Buffer runningMean,
        Buffer runningVar,
        Buffer count,
        @Nullable Float momentum,
        Tensor mean,
        Tensor variance,
        long n) {
      this.runningMean = runningMean;
      this.runningVar = runningVar;
      this.count = count;
      this.momentum = momentum;
      this.mean = mean;
      this.variance = variance;
      this.n = n;
    }

    void begin() {
      List.of(runningMean, runningVar, count).forEach(Buffer::own); // the batch before comes first
      mean.retain(); // computed with the step that it belongs to
      variance.retain();
      List.of(runningMean, runningVar, count).forEach(b -> b.later(this));
    }

    @Override
    public synchronized void settle() {
      if (done) {
        return;
      }
      done = true;
      List.of(runningMean, runningVar, count).forEach(b -> b.settled(this));
      Storage m;
      Storage v;
      try {
        m = mean.storage();
        v = variance.storage();
      } catch (StaleTensorException e) {
        LOG.warn(
            "statistics of a batch are not taken into '{}': {}",
            runningMean.name(),
            e.getMessage());
        return;
      }
      if (Buffer.isFinite(m) && Buffer.isFinite(v)) {
        long batches = count.own().index(0) + 1;
        double part = momentum == null ? 1.0 / batches : momentum;
        Map<Variable, Storage> next = new LinkedHashMap<>();
        next.put(runningMean.variable(), moved(runningMean.own(), m, part, 1));
        next.put(runningVar.variable(), moved(runningVar.own(), v, part, n / (n - 1.0)));
        next.put(count.variable(), Storage.of(new long[] {batches}));
        Variable.setAll(next);
      }
    }

    /**
     * Returns the updated statistics, computed as in torch's CPU kernel: in double precision,
     * rounded once.
     */
    private static Storage moved(Storage running, Storage batch, double part, double factor) {
      float[] values = running.toFloats();
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (part * (batch.floatAt(i) * factor) + (1 - part) * values[i]);
      }
      return Storage.of(values);
    }
  }
}
