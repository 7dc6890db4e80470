// The table of value representations.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isVr, VRS, type Vr, vrOfBytes } from '../../../src/dimse/data/vr.ts';

function vrsWhere(holds: (vr: Vr) => boolean): string {
  return Object.keys(VRS).filter(isVr).filter(holds).sort().join(' ');
}

test('PS3.5 Table 6.2-1 has 34 value representations', () => {
  assert.equal(Object.keys(VRS).length, 34);
});

test('E-1 the VRs with reserved bytes and a 32-bit length', () => {
  assert.equal(
    vrsWhere((vr) => VRS[vr].long),
    'OB OD OF OL OV OW SQ SV UC UN UR UT UV',
  );
});

test('E-12 the VRs that Specific Character Set affects', () => {
  assert.equal(
    vrsWhere((vr) => VRS[vr].charset),
    'LO LT PN SH ST UC UT',
  );
});

test('J-10 the VRs that may have a BulkDataURI', () => {
  const allowed = 'DS FD FL IS LT OB OD OF OL OV OW SL SS ST SV UC UL UN US UT UV';
  assert.equal(
    vrsWhere((vr) => VRS[vr].bulk),
    allowed,
  );
});

test('J-9 the VRs whose values are binary', () => {
  assert.equal(
    vrsWhere((vr) => VRS[vr].kind === 'binary'),
    'OB OD OF OL OV OW UN',
  );
});

test('J-18 the text VRs in which a backslash does not separate values', () => {
  assert.equal(
    vrsWhere((vr) => VRS[vr].kind === 'text' && !VRS[vr].multiple),
    'LT ST UR UT',
  );
});

test('UI is padded with NUL, text with space (PS3.5 6.2)', () => {
  assert.deepEqual([VRS.UI.pad, VRS.LO.pad, VRS.OB.pad], [0, 0x20, 0]);
});

test('two letters spell a VR or nothing', () => {
  assert.equal(vrOfBytes(0x53, 0x51)?.vr, 'SQ');
  assert.equal(vrOfBytes(0x58, 0x58), undefined);
  assert.equal(vrOfBytes(0x00, 0x10), undefined);
});
