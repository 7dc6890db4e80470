// The names of attributes (PS3.6 Table 6-1, "Name") from their keywords: rules of spelling that hold for nearly all, and
// the names they do not give, by tag.

const SPELLINGS: [RegExp, string | ((word: string) => string)][] = [
  [/([a-z0-9])([A-Z])/g, '$1 $2'],
  [/([A-Z]+)([A-Z][a-z])/g, '$1 $2'],
  [/([a-zA-Z])(\d)/g, '$1 $2'],
  [/(\d)([A-Z][a-z])/g, '$1 $2'],
  [/(?!^)\b(Of|To|In|The|And|For|By|From|Or|On|At|With|As|An|Is|Into|Per)\b/g, (word) => word.toLowerCase()],
  [/Date Time/g, 'DateTime'],
  [/\bMulti Frame/g, 'Multi-frame'],
  [/ (Trial|Retired)$/, ' ($1)'],
  [
    /\b(Patient|Physician|Observer|Person) (Name|Address|Telephone|Birth|Sex|Age|Size|Weight|Mother|Religious|Insurance|Primary|Body|Institution|Telecom|Gender)/g,
    "$1's $2",
  ],
  [/\bManufacturer (Model|Device)/g, "Manufacturer's $1"],
  [/(\d) ([A-Z])\b/g, '$1$2'],
  [/\b([A-Z]) (\d)/g, '$1$2'],
  [/\bX Ray\b/g, 'X-Ray'],
  [/\bContrast Bolus\b/g, 'Contrast/Bolus'],
  [/CIE Lab/g, 'CIELab'],
  [/\bTwo D\b/g, '2D'],
  [/\bThree D\b/g, '3D'],
  [/Multienergy/g, 'Multi-energy'],
  [/\bTM Line/g, 'TM-Line'],
  [/\bRR\b/g, 'R-R'],
  [/^File Set\b/, 'File-set'],
  [/\bI Ds\b/g, 'IDs'],
  [/VOILUT/g, 'VOI LUT'],
  [/RTROI/g, 'RT ROI'],
  [/\bBscan/g, 'B-scan'],
  [/\bHL 7/g, 'HL7'],
  [/^K Space/, 'k-Space'],
  [/\bB Value/g, 'b-value'],
  [/Physicians of/g, 'Physician(s) of'],
  [/Query Retrieve/g, 'Query/Retrieve'],
  [/Deidentification/g, 'De-identification'],
  [/\bMulti Coil/g, 'Multi-Coil'],
  [/Decoupling/g, 'De-coupling'],
  [/Cutoff/g, 'Cut-off'],
  [/\b([XYZ]) (Coordinate)/g, '$1-$2'],
  [/Water Equivalent/g, 'Water-Equivalent'],
  [/in Plane/g, 'In-plane'],
  [/\bPre Amplifier/g, 'Pre-Amplifier'],
  [/Gantry Detector/g, 'Gantry/Detector'],
  [/\bPost Processing/g, 'Post-processing'],
  [/Source Axis/g, 'Source-Axis'],
  [/\bA Line/g, 'A-line'],
  [/\bDICOMRT\b/g, 'DICOM RT'],
  [/\bFilter By/gi, 'Filter-by'],
  [/Non (Uniform)/g, 'Non-$1'],
  [/\bLUTID\b/g, 'LUT ID'],
];

const EXCEPTIONS = new Map(
  `
00041142|Specific Character Set of File-set Descriptor File
00041410|Record In-use Flag
00041420|Offset of Referenced Lower-Level Directory Entity
00080201|Timezone Offset From UTC
00080222|Manufacturer's Related Model Group
00080305|Deidentification Action Sequence
00080307|Deidentification Action
00080419|File Set Access Sequence
00081060|Name of Physician(s) Reading Study
00081062|Physician(s) Reading Study Identification Sequence
00081070|Operators' Name
00082130|Event Elapsed Time(s)
00082132|Event Timer Name(s)
00082229|Anatomic Structure, Space or Region Sequence
00082251|Anatomic Structure Space Or Region Code Sequence (Trial)
00082253|Anatomic Portal Of Entrance Code Sequence (Trial)
00082258|Anatomic Location Of Examining Instrument Description (Trial)
00082259|Anatomic Location Of Examining Instrument Code Sequence (Trial)
0008225A|Anatomic Structure Space Or Region Modifier Code Sequence (Trial)
00089123|Creator-Version UID
00100034|Patient's Death Date in Alternative Calendar
00100035|Patient's Alternative Calendar
00101001|Other Patient Names
00101060|Patient's Mother's Birth Name
00145116|Wedge In Contact Length
0014511C|Wedge In Contact Width
0014511F|Radius Along the Wedge
00160005|F-Number
0016001E|ISO Speed Latitude yyy
0016001F|ISO Speed Latitude zzz
00160045|Focal Length In 35mm Film
0016007B|GPS DOP
00180086|Echo Number(s)
00181149|Field of View Dimension(s)
00181153|Exposure in µAs
00181180|Collimator/grid Name
00181190|Focal Spot(s)
001811B5|Upper Limit Number Of Persistent Fluoroscopy Frames
00181240|Upper/Lower Pixel Values
00181271|Water Equivalent Diameter
00181272|Water Equivalent Diameter Calculation Method Code Sequence
00181312|In-plane Phase Encoding Direction
00181318|dB/dt
00185028|Soft Tissue-focus Thermal Index
00185029|Soft Tissue-surface Thermal Index
00187016|Detector Activation Offset From Exposure
00187026|Detector Active Dimension(s)
00187036|Pixel Data Area Origin Relative To FOV
00187038|Pixel Data Area Rotation Angle Relative To FOV
00188150|Exposure Time in µS
00188151|X-Ray Tube Current in µA
00189012|Multi-planar Excitation
00189027|Spatial Pre-saturation
00189032|Geometry of k-Space Traversal
00189033|Segmented k-Space Traversal
00189060|De-coupled Nucleus
00189064|k-space Filtering
00189093|Number of k-Space Trajectories
00189094|Coverage of k-Space
00189103|MR Spectroscopy FOV/Geometry Sequence
00189125|MR FOV/Geometry Sequence
00189155|Parallel Reduction Factor out-of-plane
00189159|Spectroscopy Acquisition Out-of-plane Phase Steps
00189231|MR Acquisition Phase Encoding Steps in-plane
00189232|MR Acquisition Phase Encoding Steps out-of-plane
00189295|Chemical Shift Minimum Integration Limit in ppm
00189296|Chemical Shift Maximum Integration Limit in ppm
00189313|Data Collection Center (Patient)
00189318|Reconstruction Target Center (Patient)
00189325|CT X-Ray Details Sequence
00189328|Exposure Time in ms
00189330|X-Ray Tube Current in mA
00189332|Exposure in mAs
00189345|CTDIvol
00189365|Multi-energy CT X-Ray Source Sequence
0018936F|Multi-energy CT X-Ray Detector Sequence
00189412|XA/XRF Frame Characteristics Sequence
00189428|Intensifier Active Dimension(s)
00189447|Column Angulation (Patient)
00189461|Field of View Dimension(s) in Float
00189474|C-arm Positioner Tabletop Relationship
00189601|Diffusion b-matrix Sequence
00189766|Non-uniform Radial Sampling Corrected
00189801|Depth(s) of Focus
0018982F|Lower Cutoff Frequency
00189830|Upper Cutoff Frequency
00189942|CTDIvol Notification Trigger
00200032|Image Position (Patient)
00200037|Image Orientation (Patient)
00209057|In-Stack Position Number
00209154|Nominal Cardiac Trigger Time Prior To R-Peak
00209155|Actual Cardiac Trigger Time Prior To R-Peak
00209162|In-concatenation Number
00209163|In-concatenation Total Number
00209171|Unassigned Per-Frame Converted Attributes Sequence
00209301|Image Position (Volume)
00209302|Image Orientation (Volume)
0020930E|Plane Position (Volume) Sequence
0020930F|Plane Orientation (Volume) Sequence
00220001|Light Path Filter Pass-Through Wavelength
00220003|Image Path Filter Pass-Through Wavelength
00220037|Along-scan Spatial Resolution
00220038|Maximum Along-scan Distortion
00220048|Across-scan Spatial Resolution
00220049|Maximum Across-scan Distortion
00221049|Pre-Selected for Implantation
00221121|IOL Power For Exact Emmetropia
00221122|IOL Power For Exact Target Refraction
00221528|X Coordinates Center Pixel View Angle
00221529|Y Coordinates Center Pixel View Angle
00221642|Number of B-scans Per Frame
00221649|A-scan Rate
00221658|Surface Mesh Z-Pixel Offset
00240044|Comments on Patient's Performance of Visual Field
00240066|Global Deviation From Normal
00240068|Localized Deviation From Normal
00240078|Corrected Localized Deviation From Normal Calculated
00240079|Corrected Localized Deviation From Normal
00240080|Corrected Localized Deviation From Normal Probability Calculated
00240081|Corrected Localized Deviation From Normal Probability
00280110|Smallest Image Pixel Value in Plane
00280111|Largest Image Pixel Value in Plane
00280301|Burned In Annotation
002804X0|Rows For Nth Order Coefficients
002804X1|Columns For Nth Order Coefficients
002808X4|Bits For Code Word
00281055|Window Center & Width Explanation
0028140F|RGB LUT Transfer Function
00285000|Bi-Plane Acquisition Sequence
00286020|Frame Numbers of Interest (FOI)
00286030|Mask Pointer(s)
00286114|Mask Sub-pixel Shift
00287018|CIExy White Point
0034000A|Real-Time Bulk Data Flow Sequence
0038001E|Scheduled Patient Institution Residence
003A0320|Summarized Filter Lookup Table Sequence
003A0325|Analog Filter Type Code Sequence
00400012|Pre-Medication
00400220|Referenced Non-Image Composite SOP Instance Sequence
00401006|Placer Order Number / Procedure
00401007|Filler Order Number / Procedure
00401012|Reason For Performed Procedure Code Sequence
00402006|Placer Order Number / Imaging Service Request (Retired)
00402007|Filler Order Number / Imaging Service Request (Retired)
00402008|Order Entered By
00402009|Order Enterer's Location
00402016|Placer Order Number / Imaging Service Request
00402017|Filler Order Number / Imaging Service Request
00404032|Non-DICOM Output Code Sequence
00404036|Human Performer's Organization
00404037|Human Performer's Name
00404072|STOW-RS Storage Sequence
00408302|Entrance Dose in mGy
0040A050|Continuity Of Content
0040A075|Verifying Observer Name
0040A123|Person Name
0040E025|WADO-RS Retrieval Sequence
00460224|Corneal I-S Value
00480102|Image Orientation (Slide)
0048021A|Plane Position (Slide) Sequence
0048021E|Column Position In Total Image Pixel Matrix
0048021F|Row Position In Total Image Pixel Matrix
00500019|Inter-Marker Distance
00520012|A-lines Per Frame
00520026|OCT Z Offset Applied
00520030|OCT Z Offset Correction
00541310|Primary (Prompts) Counts Accumulated
00686260|Information From Manufacturer Sequence
00686265|Notification From Manufacturer Sequence
006A0010|Common Z Coordinate Value
00700084|Content Creator's Name
00700086|Content Creator's Identification Code Sequence
00700251|Pattern On Color CIELab Value
00700284|Pattern On Opacity
00701501|Multi-Planar Reconstruction Style
00701604|Viewpoint LookAt Point
00720330|Cine Relative to Real-Time
00720602|Sort-by Category
00720704|Pseudo-Color Type
00720705|Pseudo-Color Palette Instance Reference Sequence
00880130|Storage Media File-set ID
00880140|Storage Media File-set UID
04000005|MAC ID Number
20200040|Requested Decimate/Crop Behavior
202000A2|Decimate/Crop Result
21000500|Referenced Print Job Sequence (Pull Stored Print)
22000001|Label Using Information Extracted From Instances
22000008|Include Non-DICOM Objects
3002010A|RT Image Frame kV Radiation Acquisition Sequence
30020131|Device-Specific Acquisition Parameter Sequence
30040062|DVH ROI Contribution Type
300A002A|Organ at Risk Full-volume Dose
300A0079|Number of Fraction Pattern Digits Per Day
300A00BC|Number of Leaf/Jaw Pairs
300A00C7|High-Dose Technique Type
300A00CC|Imaging Device-Specific Acquisition Parameters
300A011C|Leaf/Jaw Positions
300A033C|Lateral Spreading Device Water Equivalent Thickness
300A0366|Range Shifter Water Equivalent Thickness
300A0386|Range Modulator Gating Start Water Equivalent Thickness
300A0388|Range Modulator Gating Stop Water Equivalent Thickness
300A0621|Expected In-Vivo Measurement Values Sequence
300A0622|Expected In-Vivo Measurement Value Index
300A0623|Radiation Dose In-Vivo Measurement Label
300A062F|C-Arm Photon-Electron Control Point Sequence
300A067B|Radiation GenerationMode Sequence
300A067C|Radiation GenerationMode Label
300A067D|Radiation GenerationMode Description
300A067E|Radiation GenerationMode Machine Code Sequence
300A0685|Number of Radiation GenerationModes
300A0716|Machine-Specific Treatment Termination Code Sequence
300A0773|Referenced Expected In-Vivo Measurement Value Index
30100044|Instance-Level Referenced Performed Procedure Step Sequence
30100082|Fraction-Based Relationship Sequence
30100083|Fraction-Based Relationship Interval Anchor
30100084|Minimum Hours between Fractions
30100094|Radiation Source Coordinate SystemYaw Angle
30100095|Radiation Source Coordinate SystemRoll Angle
52009230|Per-Frame Functional Groups Sequence
60XX0804|Overlay Bits For Code Word
60XX1100|Overlay Descriptor - Gray
60XX1101|Overlay Descriptor - Red
60XX1102|Overlay Descriptor - Green
60XX1103|Overlay Descriptor - Blue
60XX1200|Overlays - Gray
60XX1201|Overlays - Red
60XX1202|Overlays - Green
60XX1203|Overlays - Blue
`
    .trim()
    .split('\n')
    .map((line): [string, string] => [line.slice(0, 8), line.slice(9)]),
);

/** The name of the attribute with this tag (repeating groups with XX) and keyword. */
export function attributeName(tag: string, keyword: string): string {
  const exception = EXCEPTIONS.get(tag);
  if (exception !== undefined) return exception;
  return SPELLINGS.reduce(
    (name, [pattern, by]) => (typeof by === 'string' ? name.replace(pattern, by) : name.replace(pattern, by)),
    keyword,
  );
}
