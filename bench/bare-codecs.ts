// The codec packages called bare, on a codestream in memory and in the thread that asks: the time that decoding takes beyond
// theirs is this project's own. RLE is decoded without a package: dcmjs-codecs stands beside it.

import {
  HtJpeg2000Lossless,
  Jpeg2000Lossless,
  JpegLosslessSv1,
  JpegLsLossless,
  RleLossless,
} from '../src/dimse/data/transfer-syntax.ts';
import { Codecs, type DcmjsCodecs, type WasmDecoder } from '../src/render/codec/wasm.ts';
import type { PixelDescription } from '../src/render/frames/pixel.ts';

type Bare = (codestream: Buffer, pixel: PixelDescription) => Uint8Array;

/** A class of the cornerstone codecs; its samples are copied out, as whoever keeps them must. */
function byClass(Decoder: new () => WasmDecoder): Bare {
  return (codestream) => {
    const decoder = new Decoder();
    decoder.getEncodedBuffer(codestream.length).set(codestream);
    decoder.decode();
    const samples = new Uint8Array(decoder.getDecodedBuffer());
    decoder.delete();
    return samples;
  };
}

/** A function of dcmjs-codecs. */
function byContext({ Context, NativeCodecs }: DcmjsCodecs, name: 'decodeJpeg' | 'decodeRle'): Bare {
  return (encodedBuffer, pixel) => {
    const context = new Context({
      width: pixel.columns,
      height: pixel.rows,
      bitsAllocated: pixel.bitsAllocated,
      bitsStored: pixel.bitsStored,
      samplesPerPixel: pixel.samplesPerPixel,
      pixelRepresentation: pixel.signed ? 1 : 0,
      planarConfiguration: 0,
      photometricInterpretation: pixel.photometric,
      encodedBuffer,
    });
    return NativeCodecs[name](context, {}).getDecodedBuffer() ?? new Uint8Array();
  };
}

/** The bare decoder of a transfer syntax, loaded; undefined for native pixels, which need none. */
export async function bareDecoder(transferSyntaxUid: string): Promise<Bare | undefined> {
  const codecs = new Codecs();
  switch (transferSyntaxUid) {
    case RleLossless:
      return byContext(await codecs.dcmjs(), 'decodeRle');
    case JpegLosslessSv1:
      return byContext(await codecs.dcmjs(), 'decodeJpeg');
    case JpegLsLossless:
      return byClass((await codecs.charls()).JpegLSDecoder);
    case Jpeg2000Lossless:
      return byClass((await codecs.openjpeg()).J2KDecoder);
    case HtJpeg2000Lossless:
      return byClass((await codecs.openjph()).HTJ2KDecoder);
    default:
      return undefined;
  }
}
