// The spectrum of a real signal: a radix-2 fast Fourier transform with a Hann window.

export class Spectrum {
  #window;
  #cos;
  #sin;
  #order;
  #real;
  #imaginary;

  /** `size`: samples of one look, a power of two. */
  constructor(size) {
    this.size = size;
    const bits = Math.log2(size);
    this.#window = Float64Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));
    this.#cos = Float64Array.from({ length: size / 2 }, (_, n) => Math.cos((2 * Math.PI * n) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, n) => Math.sin((2 * Math.PI * n) / size));
    this.#order = Uint32Array.from({ length: size }, (_, n) => {
      let turned = 0;
      for (let bit = 0; bit < bits; bit += 1) turned = (turned << 1) | ((n >> bit) & 1);
      return turned;
    });
    this.#real = new Float64Array(size);
    this.#imaginary = new Float64Array(size);
  }

  /** Magnitudes of the `size / 2` frequencies around sample `middle`, into `into`; silence beyond the signal. */
  at(signal, middle, into) {
    const { size } = this;
    const first = middle - size / 2;
    for (let n = 0; n < size; n += 1) {
      const sample = signal[first + n] ?? 0;
      this.#real[this.#order[n]] = sample * this.#window[n];
    }
    this.#imaginary.fill(0);
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let n = 0; n < half; n += 1) this.#turn(start + n, start + n + half, n * stride);
      }
    }
    // A sine of amplitude 1 has magnitude 1.
    for (let n = 0; n < size / 2; n += 1) into[n] = (4 / size) * Math.hypot(this.#real[n], this.#imaginary[n]);
    return into;
  }

  #turn(a, b, angle) {
    const real = this.#real[b] * this.#cos[angle] + this.#imaginary[b] * this.#sin[angle];
    const imaginary = this.#imaginary[b] * this.#cos[angle] - this.#real[b] * this.#sin[angle];
    this.#real[b] = this.#real[a] - real;
    this.#imaginary[b] = this.#imaginary[a] - imaginary;
    this.#real[a] += real;
    this.#imaginary[a] += imaginary;
  }
}
