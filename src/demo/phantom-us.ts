// Phantom ultrasound: a colour cine loop of a beating heart in a sector, with a Doppler patch in red and blue.

import { attributes } from './attributes.ts';
import { random, turbulence } from './noise.ts';
import type { Contents, InstanceContents } from './phantom.ts';

const ULTRASOUND_MULTIFRAME_STORAGE = '1.2.840.10008.5.1.4.1.1.3.1';
const ROWS = 360;
const COLUMNS = 480;
const FRAME_MS = 40;
const APEX = { x: COLUMNS / 2, y: 14 };
const DEPTH = 330;
const HALF_ANGLE = 0.72;

export function usCine(frames: number): InstanceContents {
  return { number: 1, sopClassUid: ULTRASOUND_MULTIFRAME_STORAGE, build: () => cine(frames) };
}

function cine(frames: number): Contents {
  const frameSize = ROWS * COLUMNS * 3;
  const pixels = Buffer.alloc(frameSize * frames);
  const sector = sectorMap();
  for (let frame = 0; frame < frames; frame += 1) {
    drawFrame(pixels.subarray(frame * frameSize, (frame + 1) * frameSize), sector, frame, frames);
  }
  return {
    ImageType: ['ORIGINAL', 'PRIMARY'],
    NumberOfFrames: frames,
    FrameTime: FRAME_MS,
    FrameIncrementPointer: '00181063',
    CineRate: 1000 / FRAME_MS,
    RecommendedDisplayFrameRate: 1000 / FRAME_MS,
    UltrasoundColorDataPresent: 1,
    LossyImageCompression: '00',
    SequenceOfUltrasoundRegions: [
      attributes({
        RegionSpatialFormat: 1,
        RegionDataType: 1,
        RegionFlags: 0,
        RegionLocationMinX0: 0,
        RegionLocationMinY0: 0,
        RegionLocationMaxX1: COLUMNS - 1,
        RegionLocationMaxY1: ROWS - 1,
        PhysicalUnitsXDirection: 3,
        PhysicalUnitsYDirection: 3,
        PhysicalDeltaX: 0.045,
        PhysicalDeltaY: 0.045,
      }),
    ],
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    Rows: ROWS,
    Columns: COLUMNS,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: pixels,
  };
}

type Sector = { at: Uint32Array; depth: Float32Array; angle: Float32Array; tissue: Float32Array };

/** The pixels inside the sector, each with its depth (0 … 1), its angle and its brightness before the heart moves. */
function sectorMap(): Sector {
  const at: number[] = [];
  const depth: number[] = [];
  const angle: number[] = [];
  const tissue: number[] = [];
  const texture = turbulence(71, 3);
  for (let index = 0; index < ROWS * COLUMNS; index += 1) {
    const dx = (index % COLUMNS) - APEX.x;
    const dy = Math.floor(index / COLUMNS) - APEX.y;
    const radius = Math.hypot(dx, dy);
    const theta = Math.atan2(dx, dy);
    if (radius > DEPTH || radius < 10 || Math.abs(theta) > HALF_ANGLE) continue;
    at.push(index);
    depth.push(radius / DEPTH);
    angle.push(theta);
    tissue.push(0.25 + 0.75 * texture(radius / 16, theta * 22 + 50));
  }
  return {
    at: Uint32Array.from(at),
    depth: Float32Array.from(depth),
    angle: Float32Array.from(angle),
    tissue: Float32Array.from(tissue),
  };
}

function drawFrame(rgb: Buffer, sector: Sector, frame: number, frames: number): void {
  const phase = (2 * Math.PI * frame) / frames;
  const beat = 0.5 + 0.5 * Math.cos(phase);
  const speckle = random(frame + 11);
  for (let index = 0; index < sector.at.length; index += 1) {
    const depth = sector.depth[index] ?? 0;
    const angle = sector.angle[index] ?? 0;
    const wall = heartWall(depth, angle, beat);
    const grey = 255 * (sector.tissue[index] ?? 0) * wall * (0.55 + 0.45 * speckle()) * (1.1 - 0.35 * depth);
    const flow = doppler(depth, angle, phase) * speckle();
    const at = (sector.at[index] ?? 0) * 3;
    rgb[at] = Math.min(255, grey * (flow === 0 ? 1 : 0.3) + Math.max(0, flow) * 255);
    rgb[at + 1] = Math.min(255, grey * (flow === 0 ? 1 : 0.3) + Math.abs(flow) * 60);
    rgb[at + 2] = Math.min(255, grey * (flow === 0 ? 1 : 0.3) + Math.max(0, -flow) * 255);
  }
  drawMarks(rgb, frame, frames);
}

/** Brightness of the echo: two dark chambers with bright walls that come and go with the beat. */
function heartWall(depth: number, angle: number, beat: number): number {
  let brightness = 0.42;
  for (const chamber of [
    { depth: 0.42, angle: -0.14, size: 0.17 + 0.05 * beat },
    { depth: 0.7, angle: 0.12, size: 0.15 + 0.045 * (1 - beat) },
  ]) {
    const distance = Math.hypot((depth - chamber.depth) / 1.15, (angle - chamber.angle) * depth) / chamber.size;
    if (distance < 0.9) return 0.05;
    if (distance < 1.12) brightness = 0.95;
  }
  return brightness;
}

/** Velocity towards (red) or away from (blue) the probe: -1 … 1, 0 outside the jet through the valve. */
function doppler(depth: number, angle: number, phase: number): number {
  const distance = Math.hypot((depth - 0.56) / 0.13, (angle + 0.02) / 0.13);
  const speed = Math.sin(phase);
  return distance > 1 || Math.abs(speed) < 0.15 ? 0 : speed * (1.15 - distance);
}

/** A depth scale at the right, and a bar at the foot that shows how far the loop has run. */
function drawMarks(rgb: Buffer, frame: number, frames: number): void {
  for (let tick = 0; tick <= 10; tick += 1) {
    const y = Math.round(APEX.y + (DEPTH * tick) / 10);
    const length = tick % 5 === 0 ? 12 : 6;
    rgb.fill(200, (y * COLUMNS + COLUMNS - 20) * 3, (y * COLUMNS + COLUMNS - 20 + length) * 3);
  }
  const end = Math.round(((frame + 1) / frames) * (COLUMNS - 40));
  for (let y = ROWS - 8; y < ROWS - 4; y += 1) rgb.fill(150, (y * COLUMNS + 20) * 3, (y * COLUMNS + 20 + end) * 3);
}
