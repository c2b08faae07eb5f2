// An independent transcription of what Hugging Face's I-BERT (transformers 4.55.4, models/ibert) computes with quant_mode, in float32 as torch does:
// every result is rounded to single precision, torch.round is half to even. Sums and products of matrices are the exception: their order is the
// library's affair, here they are summed in double precision and rounded once. validate-ibert.mjs compares it with integers that torch computed.
import fs from "node:fs";
import path from "node:path";
import { positionsOf } from "./forward.mjs";
import { readSafetensors, roundHalfEven } from "./safetensors.mjs";

const f = Math.fround;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const largestOf = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const smallestOf = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
const floats = (length, value) => Float32Array.from({ length }, (_, i) => value(i));

/** The scale that maps the range to so many bits: one for all values. */
const symmetricScale = (low, high, bits) => f(f(Math.max(Math.abs(low), Math.abs(high), f(1e-8))) / (2 ** (bits - 1) - 1));

/** Weights to integers: times the rounded reciprocal, not divided; -127 to 126, never -128. */
function quantize(values, scale, bits) {
  const n = 2 ** (bits - 1) - 1, reciprocal = f(1 / scale);
  // Limits of 32 bits are rounded to single precision like everything else.
  return values.map((value) => clamp(roundHalfEven(f(reciprocal * value)), f(-n), f(n - 1)));
}

/** A ratio as mantissa of 31 bits, ties away from zero, and exponent. */
function dyadic(ratio) {
  let exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(ratio))) + 1);
  let mantissa = ratio / 2 ** exponent;
  if (Math.abs(mantissa) >= 1) [mantissa, exponent] = [mantissa / 2, exponent + 1];
  if (Math.abs(mantissa) < 0.5) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  const scaled = mantissa * 2 ** 31;
  return [Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5), 31 - exponent];
}

/** Integers of one scale (or one a channel) in another scale: the integer product of the mantissa, shifted with rounding. In double precision. */
function rescale(values, from, to) {
  const ratios = Array.from(from, (scale) => dyadic(scale / to));
  return Float64Array.from(values, (value, i) => {
    const channel = from.length === 1 ? 0 : i % from.length, [mantissa, exponent] = ratios[channel];
    return roundHalfEven((roundHalfEven(f(value / from[channel])) * mantissa) / 2 ** exponent);
  });
}

/** Python's 1.0 // x as torch computes it in single precision. */
function floorOfOneOver(x) {
  const remainder = 1 % x;
  let quotient = f(f(1 - remainder) / x);
  if (remainder !== 0 && x < 0) quotient = f(quotient - 1);
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** An `ibert` checkpoint in integer mode. */
export class IBert {
  /**
   * `report(name, values, scale, shape)` is told of every module's output (real values, float32) and may answer with values to go on with.
   * With `training` the ranges are those that a training's forward passes find: moving averages with that momentum, or the extremes for -1.
   */
  constructor(checkpoint, { report = () => undefined, training = false, momentum = 0.95 } = {}) {
    this.config = JSON.parse(fs.readFileSync(path.join(checkpoint, "config.json"), "utf8"));
    this.report = report;
    this.training = training;
    this.momentum = momentum;
    this.integers = new Map();
    this.tensors = Object.fromEntries(Object.entries(readSafetensors(path.join(checkpoint, "model.safetensors")))
      .map(([name, tensor]) => [name.replace(/^(ibert|roberta)\./, ""), Float32Array.from(tensor.values)]));
    this.hidden = this.config.hidden_size;
    this.heads = this.config.num_attention_heads;
  }

  /** Logits of one text, alone and without padding. */
  forward(ids) {
    this.calls = new Map();
    const [embedded, embeddedScale] = this.#embed(ids);
    let x = embedded;
    for (let layer = 0; layer < this.config.num_hidden_layers; layer++) {
      // Every layer is given the embeddings' scale, whatever its input's is: the encoder never updates it.
      x = this.#layer(`encoder.layer.${layer}`, x, embeddedScale);
    }
    const pooled = this.#plainLinear("classifier.dense", x.subarray(0, this.hidden)).map((value) => Math.tanh(value));
    return this.#plainLinear("classifier.out_proj", pooled);
  }

  /** The buffers that the passes so far have made, by name. */
  buffers = new Map();

  #buffer(name, initial) {
    if (!this.buffers.has(name)) this.buffers.set(name, this.training ? initial : this.tensors[name][0]);
    return this.buffers.get(name);
  }

  #told(name, values, scale, shape) {
    const call = (this.calls.get(name) ?? 0) + 1;
    this.calls.set(name, call);
    return [this.report(call > 1 ? `${name}#${call}` : name, values, scale, shape) ?? values, scale];
  }

  #quantAct(name, bits, x, scale, identity, identityScale, shape) {
    let low = this.#buffer(`${name}.x_min`, f(-1e-5)), high = this.#buffer(`${name}.x_max`, f(1e-5));
    if (this.training) {
      const sum = identity ? x.map((value, i) => f(value + identity[i])) : x;
      const least = smallestOf(sum), most = largestOf(sum);
      const mix = (old, seen) => f(f(old * f(this.momentum)) + f(seen * f(1 - this.momentum)));
      if (low > -1.1e-5 && high < 1.1e-5) [low, high] = [f(low + least), f(high + most)];
      else if (this.momentum === -1) [low, high] = [Math.min(low, least), Math.max(high, most)];
      else [low, high] = [mix(low, least), mix(high, most)];
      this.buffers.set(`${name}.x_min`, low);
      this.buffers.set(`${name}.x_max`, high);
    }
    const own = symmetricScale(low, high, bits), n = 2 ** (bits - 1) - 1;
    this.buffers.set(`${name}.act_scaling_factor`, own);
    const one = rescale(x, scale, own), other = identity && rescale(identity, identityScale, own);
    const y = floats(x.length, (i) => clamp(f(other ? other[i] + one[i] : one[i]), -n - 1, n) * own);
    return this.#told(name, y, Float32Array.of(own), shape ?? [x.length / this.#width(x), this.#width(x)]);
  }

  // Rows have the hidden size's width, or the feed-forward's.
  #width = (x) => x.length / this.rows;

  #embedding(name, ids) {
    const table = this.tensors[`${name}.weight`];
    if (!this.integers.has(name)) {
      const scale = symmetricScale(smallestOf(table), largestOf(table), 8);
      this.integers.set(name, [quantize(table, scale, 8), scale]);
      this.buffers.set(`${name}.weight_scaling_factor`, scale);
    }
    const [integers, scale] = this.integers.get(name);
    return [floats(ids.length * this.hidden, (i) => integers[ids[Math.floor(i / this.hidden)] * this.hidden + (i % this.hidden)] * scale), Float32Array.of(scale)];
  }

  #embed(ids) {
    this.rows = ids.length;
    const words = this.#embedding("embeddings.word_embeddings", ids);
    const types = this.#embedding("embeddings.token_type_embeddings", ids.map(() => 0));
    const positions = this.#embedding("embeddings.position_embeddings", positionsOf(ids, this.config.pad_token_id));
    // Both additions go through the same module; embeddings_act2 is never used.
    let [x, scale] = this.#quantAct("embeddings.embeddings_act1", 16, ...words, ...types);
    [x, scale] = this.#quantAct("embeddings.embeddings_act1", 16, x, scale, ...positions);
    [x, scale] = this.#layerNorm("embeddings.LayerNorm", x, scale);
    return this.#quantAct("embeddings.output_activation", 8, x, scale);
  }

  #layer(name, input, inputScale) {
    let [x, scale] = this.#attention(`${name}.attention.self`, input, inputScale);
    [x, scale] = this.#linear(`${name}.attention.output.dense`, x, scale);
    [x, scale] = this.#quantAct(`${name}.attention.output.ln_input_act`, 22, x, scale, input, inputScale);
    [x, scale] = this.#layerNorm(`${name}.attention.output.LayerNorm`, x, scale);
    [x, scale] = this.#quantAct(`${name}.attention.output.output_activation`, 8, x, scale);
    const [middle, middleScale] = this.#quantAct(`${name}.pre_intermediate_act`, 8, x, scale);
    [x, scale] = this.#linear(`${name}.intermediate.dense`, middle, middleScale);
    [x, scale] = this.#gelu(`${name}.intermediate.intermediate_act_fn`, x, scale);
    [x, scale] = this.#quantAct(`${name}.intermediate.output_activation`, 8, x, scale);
    [x, scale] = this.#quantAct(`${name}.pre_output_act`, 8, x, scale);
    [x, scale] = this.#linear(`${name}.output.dense`, x, scale);
    [x, scale] = this.#quantAct(`${name}.output.ln_input_act`, 22, x, scale, middle, middleScale);
    [x, scale] = this.#layerNorm(`${name}.output.LayerNorm`, x, scale);
    return this.#quantAct(`${name}.output.output_activation`, 8, x, scale)[0];
  }

  #attention(name, input, inputScale) {
    const { rows, heads, hidden } = this, width = hidden / heads;
    const [[q, qScale], [k, kScale], [v, vScale]] = ["query", "key", "value"].map((part) =>
      this.#quantAct(`${name}.${part}_activation`, 8, ...this.#linear(`${name}.${part}`, input, inputScale)));
    const root = f(Math.sqrt(width)), scale = f(f(qScale[0] * kScale[0]) / root);
    const scores = new Float32Array(heads * rows * rows);
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < rows; j++) {
          let sum = 0;
          for (let c = head * width; c < (head + 1) * width; c++) sum += q[i * hidden + c] * k[j * hidden + c];
          scores[(head * rows + i) * rows + j] = f(f(sum) / root);
        }
      }
    }
    const [p, pScale] = this.#softmax(`${name}.softmax`, scores, scale);
    const context = new Float32Array(rows * hidden);
    for (let i = 0; i < rows; i++) {
      for (let c = 0; c < hidden; c++) {
        const head = Math.floor(c / width);
        let sum = 0;
        for (let j = 0; j < rows; j++) sum += p[(head * rows + i) * rows + j] * v[j * hidden + c];
        context[i * hidden + c] = sum;
      }
    }
    return this.#quantAct(`${name}.output_activation`, 8, context, Float32Array.of(pScale[0] * vScale[0]));
  }

  #linear(name, x, [scale]) {
    const weight = this.tensors[`${name}.weight`], bias = this.tensors[`${name}.bias`], outputs = bias.length, inputs = weight.length / outputs;
    if (!this.integers.has(name)) {
      const scales = floats(outputs, (o) => {
        const row = weight.subarray(o * inputs, (o + 1) * inputs);
        return symmetricScale(smallestOf(row), largestOf(row), 8);
      });
      const integers = Float64Array.from({ length: outputs }, () => 0);
      const rows = Array.from(integers, (_, o) => Float64Array.from(quantize(weight.subarray(o * inputs, (o + 1) * inputs), scales[o], 8)));
      this.integers.set(name, [rows, scales]);
      this.buffers.set(`${name}.fc_scaling_factor`, scales);
    }
    const [rows, scales] = this.integers.get(name);
    const outScale = scales.map((own) => own * scale);
    const biases = Array.from(bias, (value, o) => quantize([value], outScale[o], 32)[0]);
    const integers = Float64Array.from(x, (value) => f(value / scale));
    const y = new Float32Array(this.rows * outputs);
    for (let r = 0; r < this.rows; r++) {
      for (let o = 0; o < outputs; o++) {
        let sum = biases[o];
        const row = rows[o];
        for (let i = 0; i < inputs; i++) sum += integers[r * inputs + i] * row[i];
        y[r * outputs + o] = f(sum) * outScale[o];
      }
    }
    return this.#told(name, y, outScale, [this.rows, outputs]);
  }

  #softmax(name, scores, scale) {
    const { rows, heads } = this, shape = [heads, rows, rows];
    const a = 0.35815147, b = 0.96963238 / a, c = 1 / a;
    const square = f(scale * scale), ln2 = Math.floor(f(f(-0.6931) / scale));
    const bInt = Math.floor(f(f(b) / scale)), cInt = Math.floor(f(f(c) / square));
    const exponentials = new Float32Array(scores.length);
    for (let start = 0; start < scores.length; start += rows) {
      const integers = floats(rows, (i) => scores[start + i] / scale), largest = largestOf(integers);
      for (let i = 0; i < rows; i++) {
        const x = Math.max(f(integers[i] - largest), f(30 * ln2));
        const q = Math.floor(f(x / ln2)), r = f(x - f(ln2 * q));
        const polynomial = f(f(f(r + bInt) * r) + cInt);
        exponentials[start + i] = Math.max(Math.floor(f(polynomial * 2 ** (30 - q))), 0);
      }
    }
    // The module is given integers as if they were real values.
    const [small, [smallScale]] = this.#quantAct(`${name}.act`, 16, exponentials, Float32Array.of(f(f(a) * square) / 2 ** 30), undefined, undefined, shape);
    const probabilities = new Float32Array(scores.length);
    for (let start = 0; start < scores.length; start += rows) {
      const integers = floats(rows, (i) => small[start + i] / smallScale);
      const factor = Math.floor(f(2 ** 32 / f(integers.reduce((sum, value) => sum + value, 0))));
      for (let i = 0; i < rows; i++) probabilities[start + i] = Math.floor(f(integers[i] * factor) / 2 ** 24) / 256;
    }
    return this.#told(name, probabilities, Float32Array.of(1 / 256), shape);
  }

  #gelu(name, x, scales) {
    const a = -0.2888, b = -1.769, c = 1 / a, channels = scales.length;
    const constants = Array.from(scales, (scale) => {
      const inner = f(scale / f(1.4142)), square = f(inner * inner), sigmoid = f(f(square * f(a)) * 2 ** 14);
      return {
        b: Math.floor(f(f(b) / inner)), c: Math.floor(f(f(c) / square)), one: floorOfOneOver(sigmoid), scale: f(f(scale * sigmoid) / 2),
      };
    });
    const outScale = floats(channels, (i) => constants[i].scale);
    const y = floats(x.length, (i) => {
      const own = constants[i % channels], integer = f(x[i] / scales[i % channels]);
      const size = f(Math.min(Math.abs(integer), -own.b) + own.b);
      const erf = f(Math.sign(integer) * f(f(size * size) + own.c));
      return f(integer * f(Math.floor(f(erf / 2 ** 14)) + own.one)) * own.scale;
    });
    return this.#told(name, y, outScale, [this.rows, channels]);
  }

  #layerNorm(name, x, [scale]) {
    const weight = this.tensors[`${name}.weight`], bias = this.tensors[`${name}.bias`], width = weight.length;
    const centred = new Float32Array(x.length);
    for (let start = 0; start < x.length; start += width) {
      const integers = floats(width, (i) => x[start + i] / scale);
      const mean = roundHalfEven(f(f(integers.reduce((sum, value) => sum + value, 0)) / width));
      for (let i = 0; i < width; i++) centred[start + i] = integers[i] - mean;
    }
    const variances = (shift) => floats(this.rows, (r) => {
      let sum = 0;
      for (let i = 0; i < width; i++) {
        const shifted = Math.floor(f(centred[r * width + i] / 2 ** shift));
        sum += f(shifted * shifted);
      }
      return sum;
    });
    let shift = this.#buffer(`${name}.shift`, 0);
    if (this.training && largestOf(variances(shift)) >= 2 ** 32) {
      shift = Math.max(shift, Math.ceil(Math.log2(Math.sqrt(largestOf(variances(0)) / 2 ** 32))));
      this.buffers.set(`${name}.shift`, shift);
    }
    const factors = variances(shift).map((variance) => Math.floor(f(2 ** 31 / (Math.floor(f(Math.sqrt(variance))) * 2 ** shift))));
    const unit = f(f(Math.sqrt(width)) / 2 ** 30);
    const biases = weight.map((value, i) => Math.floor(f(f(bias[i] / value) / unit)));
    const outScale = weight.map((value) => unit * value);
    const y = floats(x.length, (i) => {
      const channel = i % width, integer = f(Math.floor(f(centred[i] * factors[Math.floor(i / width)]) / 2) + biases[channel]);
      return integer * outScale[channel];
    });
    return this.#told(name, y, outScale, [this.rows, width]);
  }

  // Pooler and classifier stay in floating point.
  #plainLinear(name, x) {
    const weight = this.tensors[`${name}.weight`];
    return this.tensors[`${name}.bias`].map((value, o) => x.reduce((sum, input, i) => sum + input * weight[o * x.length + i], value));
  }
}

/** What a golden file says of a module: its output's integers. */
export const integersOf = (values, scale) => Array.from(values, (value, i) => roundHalfEven(f(value / scale[scale.length === 1 ? 0 : i % scale.length])));
