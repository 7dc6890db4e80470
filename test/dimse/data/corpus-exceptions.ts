// The files of the corpus that are no well-formed data sets, or have several encodings, and why. Keys are the ends of the
// files' names, which are the beginnings of their SHA-256.

/** Not read to the end: the bytes stop within an element, or are no data set. */
export const UNREADABLE: Record<string, string> = {
  '2a550565': 'elements were cut out of a DICOMDIR whose sequence keeps the old length',
  a8bcadf5: 'the pixel data were cut off',
  d7014efa: 'garbage follows the data set',
  '8742a49b': 'the last fragments were cut off',
  '15009ec7': 'the file was cut off',
  '52912b99': 'the first byte of the data set is missing',
};

/** Read otherwise than pydicom does. */
export const GROUP_ONE: Record<string, string> = {
  '075dc514': 'the data set begins with group 0001, which comes before the file meta information',
};

/** Values, fragments or deflated streams of odd length. */
export const ODD_LENGTHS = '141b356f 50062183 58930cda 5a77e910 602dbefe 88762f18 98bc8dcd'.split(' ');

/** Read and written, these are the same data set in other bytes. */
export const OTHER_BYTES: Record<string, readonly string[]> = {
  'trailing padding (FFFC,FFFC) is dropped': (
    '8d8ed1e9 3dd31e5c bc92908f 21419e47 795283d0 636e57f8 8b384677 86d90934 cbf01511 b46e32d8 3f27d1c2 c50da475 2e5cb608 ' +
    '3b3b719e 967f188d 550bcb52 bdd7f166 af5a66e4 78bd63e5'
  ).split(' '),
  'encapsulated pixel data are OW in place of OB (PS3.5 A.4)':
    '119e9bdc 24d369c2 3b1195f8 28c4a610 68d36d26 48089b9c 65db7f65 4c0049e0 2f83e3a2 82c91c58 076985ed 86504bea d71390a0'.split(
      ' ',
    ),
  'sequences and items have lengths here and delimiters there': '3044bed8 01897233 a386f472 1498f6e6 1ee6189b'.split(
    ' ',
  ),
  'UN of undefined length is a sequence (PS3.5 6.2.2)': '72e701f3 214d8311'.split(' '),
  'a person name ends in an empty component group': '6a29028f a0521cd6 c626f310'.split(' '),
  'odd lengths are made even': '602dbefe 5a77e910 88762f18'.split(' '),
  'the data set is not in the transfer syntax that is named': '09f033e0 868ec7a8'.split(' '),
  'the same attribute comes twice': ['4c637783'],
  'a group length has the VR UN': ['7e997408'],
};
