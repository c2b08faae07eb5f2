// Reads and writes safetensors files.
import fs from "node:fs";

const arrays = { F32: Float32Array, F64: Float64Array, I8: Int8Array, I16: Int16Array, I32: Int32Array, I64: BigInt64Array };

/** A half-precision number of these bits. */
export function halfToNumber(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** The bits of the nearest half-precision number, ties to even. */
export function numberToHalf(value) {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0, size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size === 0) return sign;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const units = roundHalfEven(size * 2 ** (10 - exponent));
  // A carry out of the fraction goes into the exponent's bits, as it should.
  return sign | (exponent === -14 && units < 1024 ? units : ((exponent + 14) << 10) + units);
}

/** The nearest integer, ties to even. */
export function roundHalfEven(value) {
  const floor = Math.floor(value), rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** The tensors of a file by name: type, shape and values (floating-point ones as Float64Array, integers as numbers). */
export function readSafetensors(path) {
  const file = fs.readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const tensors = {};
  for (const [name, tensor] of Object.entries(JSON.parse(file.subarray(8, 8 + length)))) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: [begin, end] } = tensor;
    // Copied, so that they are aligned.
    const bytes = new Uint8Array(file.subarray(8 + length + begin, 8 + length + end));
    const values = dtype === "F16"
      ? Float64Array.from(new Uint16Array(bytes.buffer), halfToNumber)
      : Float64Array.from(new arrays[dtype](bytes.buffer), Number);
    tensors[name] = { dtype, shape, values };
  }
  return tensors;
}

/** Writes tensors in their order. */
export function writeSafetensors(path, tensors, metadata = { format: "pt" }) {
  const header = { __metadata__: metadata };
  const parts = [];
  let offset = 0;
  for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
    const array = dtype === "F16" ? Uint16Array.from(values, numberToHalf)
      : dtype === "I64" ? BigInt64Array.from(values, BigInt)
      : arrays[dtype].from(values);
    if (array.length !== shape.reduce((a, b) => a * b, 1)) throw new Error(`${name} has ${array.length} values for ${shape}`);
    header[name] = { dtype, shape, data_offsets: [offset, offset + array.byteLength] };
    offset += array.byteLength;
    parts.push(Buffer.from(array.buffer));
  }
  let text = JSON.stringify(header);
  while (Buffer.byteLength(text) % 8) text += " ";
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  fs.writeFileSync(path, Buffer.concat([size, Buffer.from(text), ...parts]));
}
