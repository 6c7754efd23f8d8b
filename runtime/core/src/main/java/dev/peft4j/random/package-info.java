/**
 * Random numbers as other programs draw them: {@link TorchGenerator} gives torch's, {@link
 * NumpyGenerator} and {@link NumpyRandomState} give NumPy's. Adapters whose files hold only a seed
 * need them. For everything else there is {@link dev.peft4j.data.Rng}, which is faster.
 */
@NullMarked
package dev.peft4j.random;

import org.jspecify.annotations.NullMarked;
