// Phantom Enhanced MR: one multi-frame instance whose geometry and windows live in functional groups (PS3.3 C.7.6.16).

import { attributes } from './attributes.ts';
import { type Contents, greyPixels, type InstanceContents, uidOf } from './phantom.ts';
import { headWords, MR_GEOMETRY, positionOf, T2 } from './phantom-mr.ts';

const ENHANCED_MR_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.4.1';

export function enhancedMr(frames: number): InstanceContents {
  return { number: 1, sopClassUid: ENHANCED_MR_IMAGE_STORAGE, build: () => enhanced(frames) };
}

function enhanced(frames: number): Contents {
  const { size, spacing, thickness } = MR_GEOMETRY;
  const words = Buffer.concat(Array.from({ length: frames }, (_, index) => headWords(index, frames, T2)));
  return {
    ImageType: ['ORIGINAL', 'PRIMARY', 'T2', 'NONE'],
    PixelPresentation: 'MONOCHROME',
    VolumetricProperties: 'VOLUME',
    VolumeBasedCalculationTechnique: 'NONE',
    ComplexImageComponent: 'MAGNITUDE',
    AcquisitionContrast: 'T2',
    ContentQualification: 'PRODUCT',
    ResonantNucleus: '1H',
    MagneticFieldStrength: 1.5,
    BurnedInAnnotation: 'NO',
    LossyImageCompression: '00',
    PresentationLUTShape: 'IDENTITY',
    NumberOfFrames: frames,
    ...greyPixels({ rows: size, columns: size, bitsStored: 12, words }),
    DimensionOrganizationSequence: [attributes({ DimensionOrganizationUID: uidOf('enhanced/dimensions') })],
    DimensionIndexSequence: [
      attributes({
        DimensionOrganizationUID: uidOf('enhanced/dimensions'),
        DimensionIndexPointer: '00209057',
        FunctionalGroupPointer: '00209111',
        DimensionDescriptionLabel: 'In-Stack Position Number',
      }),
    ],
    SharedFunctionalGroupsSequence: [
      attributes({
        PixelMeasuresSequence: [attributes({ SliceThickness: thickness, PixelSpacing: [spacing, spacing] })],
        PlaneOrientationSequence: [attributes({ ImageOrientationPatient: [1, 0, 0, 0, 1, 0] })],
        MRImageFrameTypeSequence: [attributes({ FrameType: ['ORIGINAL', 'PRIMARY', 'T2', 'NONE'] })],
        PixelValueTransformationSequence: [attributes({ RescaleIntercept: 0, RescaleSlope: 1, RescaleType: 'US' })],
      }),
    ],
    PerFrameFunctionalGroupsSequence: Array.from({ length: frames }, (_, index) => frameGroups(index)),
  };
}

/** What differs from frame to frame; the windows do, so that a viewer that ignores them shows it. */
function frameGroups(index: number) {
  return attributes({
    FrameContentSequence: [
      attributes({
        StackID: '1',
        InStackPositionNumber: index + 1,
        DimensionIndexValues: index + 1,
        TemporalPositionIndex: 1,
      }),
    ],
    PlanePositionSequence: [attributes({ ImagePositionPatient: positionOf(index * MR_GEOMETRY.thickness) })],
    FrameVOILUTSequence: [attributes({ WindowCenter: 900 + index * 10, WindowWidth: 1900 - index * 20 })],
  });
}
