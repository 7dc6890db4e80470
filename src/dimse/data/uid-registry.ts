// The UIDs of PS3.6 Table A-1 that are not SOP classes, a line each: UID without its root
// 1.2.840.10008., keyword, name, type (letters: see uid.ts); R marks a retired one. Read by uid.ts.

export const OTHER_UID_ROWS = `
1.2|ImplicitVRLittleEndian|Implicit VR Little Endian|T
1.2.1|ExplicitVRLittleEndian|Explicit VR Little Endian|T
1.2.1.98|EncapsulatedUncompressedExplicitVRLittleEndian|Encapsulated Uncompressed Explicit VR Little Endian|T
1.2.1.99|DeflatedExplicitVRLittleEndian|Deflated Explicit VR Little Endian|T
1.2.2|ExplicitVRBigEndian|Explicit VR Big Endian|T|R
1.2.4.50|JPEGBaseline8Bit|JPEG Baseline (Process 1)|T
1.2.4.51|JPEGExtended12Bit|JPEG Extended (Process 2 and 4)|T
1.2.4.52|JPEGExtended35|JPEG Extended (Process 3 and 5)|T|R
1.2.4.53|JPEGSpectralSelectionNonHierarchical68|JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)|T|R
1.2.4.54|JPEGSpectralSelectionNonHierarchical79|JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)|T|R
1.2.4.55|JPEGFullProgressionNonHierarchical1012|JPEG Full Progression, Non-Hierarchical (Process 10 and 12)|T|R
1.2.4.56|JPEGFullProgressionNonHierarchical1113|JPEG Full Progression, Non-Hierarchical (Process 11 and 13)|T|R
1.2.4.57|JPEGLossless|JPEG Lossless, Non-Hierarchical (Process 14)|T
1.2.4.58|JPEGLosslessNonHierarchical15|JPEG Lossless, Non-Hierarchical (Process 15)|T|R
1.2.4.59|JPEGExtendedHierarchical1618|JPEG Extended, Hierarchical (Process 16 and 18)|T|R
1.2.4.60|JPEGExtendedHierarchical1719|JPEG Extended, Hierarchical (Process 17 and 19)|T|R
1.2.4.61|JPEGSpectralSelectionHierarchical2022|JPEG Spectral Selection, Hierarchical (Process 20 and 22)|T|R
1.2.4.62|JPEGSpectralSelectionHierarchical2123|JPEG Spectral Selection, Hierarchical (Process 21 and 23)|T|R
1.2.4.63|JPEGFullProgressionHierarchical2426|JPEG Full Progression, Hierarchical (Process 24 and 26)|T|R
1.2.4.64|JPEGFullProgressionHierarchical2527|JPEG Full Progression, Hierarchical (Process 25 and 27)|T|R
1.2.4.65|JPEGLosslessHierarchical28|JPEG Lossless, Hierarchical (Process 28)|T|R
1.2.4.66|JPEGLosslessHierarchical29|JPEG Lossless, Hierarchical (Process 29)|T|R
1.2.4.70|JPEGLosslessSV1|JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])|T
1.2.4.80|JPEGLSLossless|JPEG-LS Lossless Image Compression|T
1.2.4.81|JPEGLSNearLossless|JPEG-LS Lossy (Near-Lossless) Image Compression|T
1.2.4.90|JPEG2000Lossless|JPEG 2000 Image Compression (Lossless Only)|T
1.2.4.91|JPEG2000|JPEG 2000 Image Compression|T
1.2.4.92|JPEG2000MCLossless|JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)|T
1.2.4.93|JPEG2000MC|JPEG 2000 Part 2 Multi-component Image Compression|T
1.2.4.94|JPIPReferenced|JPIP Referenced|T
1.2.4.95|JPIPReferencedDeflate|JPIP Referenced Deflate|T
1.2.4.100|MPEG2MPML|MPEG2 Main Profile / Main Level|T
1.2.4.100.1|MPEG2MPMLF|Fragmentable MPEG2 Main Profile / Main Level|T
1.2.4.101|MPEG2MPHL|MPEG2 Main Profile / High Level|T
1.2.4.101.1|MPEG2MPHLF|Fragmentable MPEG2 Main Profile / High Level|T
1.2.4.102|MPEG4HP41|MPEG-4 AVC/H.264 High Profile / Level 4.1|T
1.2.4.102.1|MPEG4HP41F|Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1|T
1.2.4.103|MPEG4HP41BD|MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1|T
1.2.4.103.1|MPEG4HP41BDF|Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1|T
1.2.4.104|MPEG4HP422D|MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video|T
1.2.4.104.1|MPEG4HP422DF|Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video|T
1.2.4.105|MPEG4HP423D|MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video|T
1.2.4.105.1|MPEG4HP423DF|Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video|T
1.2.4.106|MPEG4HP42STEREO|MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2|T
1.2.4.106.1|MPEG4HP42STEREOF|Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2|T
1.2.4.107|HEVCMP51|HEVC/H.265 Main Profile / Level 5.1|T
1.2.4.108|HEVCM10P51|HEVC/H.265 Main 10 Profile / Level 5.1|T
1.2.4.110|JPEGXLLossless|JPEG XL Lossless|T
1.2.4.111|JPEGXLJPEGRecompression|JPEG XL JPEG Recompression|T
1.2.4.112|JPEGXL|JPEG XL|T
1.2.4.201|HTJ2KLossless|High-Throughput JPEG 2000 Image Compression (Lossless Only)|T
1.2.4.202|HTJ2KLosslessRPCL|High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)|T
1.2.4.203|HTJ2K|High-Throughput JPEG 2000 Image Compression|T
1.2.4.204|JPIPHTJ2KReferenced|JPIP HTJ2K Referenced|T
1.2.4.205|JPIPHTJ2KReferencedDeflate|JPIP HTJ2K Referenced Deflate|T
1.2.5|RLELossless|RLE Lossless|T
1.2.6.1|RFC2557MIMEEncapsulation|RFC 2557 MIME encapsulation|T|R
1.2.6.2|XMLEncoding|XML Encoding|T|R
1.2.7.1|SMPTEST211020UncompressedProgressiveActiveVideo|SMPTE ST 2110-20 Uncompressed Progressive Active Video|T
1.2.7.2|SMPTEST211020UncompressedInterlacedActiveVideo|SMPTE ST 2110-20 Uncompressed Interlaced Active Video|T
1.2.7.3|SMPTEST211030PCMDigitalAudio|SMPTE ST 2110-30 PCM Digital Audio|T
1.2.8.1|DeflatedImageFrameCompression|Deflated Image Frame Compression|T
1.5.1|HotIronPalette|Hot Iron Color Palette SOP Instance|I
1.5.2|PETPalette|PET Color Palette SOP Instance|I
1.5.3|HotMetalBluePalette|Hot Metal Blue Color Palette SOP Instance|I
1.5.4|PET20StepPalette|PET 20 Step Color Palette SOP Instance|I
1.5.5|SpringPalette|Spring Color Palette SOP Instance|I
1.5.6|SummerPalette|Summer Color Palette SOP Instance|I
1.5.7|FallPalette|Fall Color Palette SOP Instance|I
1.5.8|WinterPalette|Winter Color Palette SOP Instance|I
1.20|Papyrus3ImplicitVRLittleEndian|Papyrus 3 Implicit VR Little Endian|T|R
1.20.1.1|StorageCommitmentPushModelInstance|Storage Commitment Push Model SOP Instance|I
1.20.2.1|StorageCommitmentPullModelInstance|Storage Commitment Pull Model SOP Instance|I|R
1.40.1|ProceduralEventLoggingInstance|Procedural Event Logging SOP Instance|I
1.42.1|SubstanceAdministrationLoggingInstance|Substance Administration Logging SOP Instance|I
2.6.1|DCMUID|DICOM UID Registry|DICOM UIDs as a Coding Scheme
2.16.4|DCM|DICOM Controlled Terminology|S
2.16.5|MA|Adult Mouse Anatomy Ontology|S
2.16.6|UBERON|Uberon Ontology|S
2.16.7|ITIS_TSN|Integrated Taxonomic Information System (ITIS) Taxonomic Serial Number (TSN)|S
2.16.8|MGI|Mouse Genome Initiative (MGI)|S
2.16.9|PUBCHEM_CID|PubChem Compound CID|S
2.16.10|DC|Dublin Core|S
2.16.11|NYUMCCG|New York University Melanoma Clinical Cooperative Group|S
2.16.12|MAYONRISBSASRG|Mayo Clinic Non-radiological Images Specific Body Structure Anatomical Surface Region Guide|S
2.16.13|IBSI|Image Biomarker Standardisation Initiative|S
2.16.14|RO|Radiomics Ontology|S
2.16.15|RADELEMENT|RadElement|S
2.16.16|I11|ICD-11|S
2.16.17|UNS|Unified numbering system (UNS) for metals and alloys|S
2.16.18|RRID|Research Resource Identification|S
3.1.1.1|DICOMApplicationContext|DICOM Application Context Name|Application Context Name
3.1.2.1.4|DetachedPatientManagementMeta|Detached Patient Management Meta SOP Class|M|R
3.1.2.5.4|DetachedResultsManagementMeta|Detached Results Management Meta SOP Class|M|R
3.1.2.5.5|DetachedStudyManagementMeta|Detached Study Management Meta SOP Class|M|R
4.2|Storage|Storage Service Class|Service Class
5.1.1.9|BasicGrayscalePrintManagementMeta|Basic Grayscale Print Management Meta SOP Class|M
5.1.1.9.1|ReferencedGrayscalePrintManagementMeta|Referenced Grayscale Print Management Meta SOP Class|M|R
5.1.1.17|PrinterInstance|Printer SOP Instance|I
5.1.1.17.376|PrinterConfigurationRetrievalInstance|Printer Configuration Retrieval SOP Instance|I
5.1.1.18|BasicColorPrintManagementMeta|Basic Color Print Management Meta SOP Class|M
5.1.1.18.1|ReferencedColorPrintManagementMeta|Referenced Color Print Management Meta SOP Class|M|R
5.1.1.25|PrintQueueInstance|Print Queue SOP Instance|I|R
5.1.1.32|PullStoredPrintManagementMeta|Pull Stored Print Management Meta SOP Class|M|R
5.1.1.40.1|DisplaySystemInstance|Display System SOP Instance|I
5.1.4.1.1.201.1.1|StorageManagementInstance|Storage Management SOP Instance|I
5.1.4.32|GeneralPurposeWorklistManagementMeta|General Purpose Worklist Management Meta SOP Class|M|R
5.1.4.34.4|UnifiedWorklistAndProcedureStepTrial|Unified Worklist and Procedure Step Service Class - Trial|Service Class|R
5.1.4.34.5|UPSGlobalSubscriptionInstance|UPS Global Subscription SOP Instance|I
5.1.4.34.5.1|UPSFilteredGlobalSubscriptionInstance|UPS Filtered Global Subscription SOP Instance|I
5.1.4.34.6|UnifiedWorklistAndProcedureStep|Unified Worklist and Procedure Step Service Class|Service Class
7.1.1|NativeDICOMModel|Native DICOM Model|Application Hosting Model
7.1.2|AbstractMultiDimensionalImageModel|Abstract Multi-Dimensional Image Model|Application Hosting Model
8.1.1|DICOMContentMappingResource|DICOM Content Mapping Resource|Mapping Resource
15.0.3.1|dicomDeviceName|dicomDeviceName|L
15.0.3.2|dicomDescription|dicomDescription|L
15.0.3.3|dicomManufacturer|dicomManufacturer|L
15.0.3.4|dicomManufacturerModelName|dicomManufacturerModelName|L
15.0.3.5|dicomSoftwareVersion|dicomSoftwareVersion|L
15.0.3.6|dicomVendorData|dicomVendorData|L
15.0.3.7|dicomAETitle|dicomAETitle|L
15.0.3.8|dicomNetworkConnectionReference|dicomNetworkConnectionReference|L
15.0.3.9|dicomApplicationCluster|dicomApplicationCluster|L
15.0.3.10|dicomAssociationInitiator|dicomAssociationInitiator|L
15.0.3.11|dicomAssociationAcceptor|dicomAssociationAcceptor|L
15.0.3.12|dicomHostname|dicomHostname|L
15.0.3.13|dicomPort|dicomPort|L
15.0.3.14|dicomSOPClass|dicomSOPClass|L
15.0.3.15|dicomTransferRole|dicomTransferRole|L
15.0.3.16|dicomTransferSyntax|dicomTransferSyntax|L
15.0.3.17|dicomPrimaryDeviceType|dicomPrimaryDeviceType|L
15.0.3.18|dicomRelatedDeviceReference|dicomRelatedDeviceReference|L
15.0.3.19|dicomPreferredCalledAETitle|dicomPreferredCalledAETitle|L
15.0.3.20|dicomTLSCyphersuite|dicomTLSCyphersuite|L
15.0.3.21|dicomAuthorizedNodeCertificateReference|dicomAuthorizedNodeCertificateReference|L
15.0.3.22|dicomThisNodeCertificateReference|dicomThisNodeCertificateReference|L
15.0.3.23|dicomInstalled|dicomInstalled|L
15.0.3.24|dicomStationName|dicomStationName|L
15.0.3.25|dicomDeviceSerialNumber|dicomDeviceSerialNumber|L
15.0.3.26|dicomInstitutionName|dicomInstitutionName|L
15.0.3.27|dicomInstitutionAddress|dicomInstitutionAddress|L
15.0.3.28|dicomInstitutionDepartmentName|dicomInstitutionDepartmentName|L
15.0.3.29|dicomIssuerOfPatientID|dicomIssuerOfPatientID|L
15.0.3.30|dicomPreferredCallingAETitle|dicomPreferredCallingAETitle|L
15.0.3.31|dicomSupportedCharacterSet|dicomSupportedCharacterSet|L
15.0.4.1|dicomConfigurationRoot|dicomConfigurationRoot|L
15.0.4.2|dicomDevicesRoot|dicomDevicesRoot|L
15.0.4.3|dicomUniqueAETitlesRegistryRoot|dicomUniqueAETitlesRegistryRoot|L
15.0.4.4|dicomDevice|dicomDevice|L
15.0.4.5|dicomNetworkAE|dicomNetworkAE|L
15.0.4.6|dicomNetworkConnection|dicomNetworkConnection|L
15.0.4.7|dicomUniqueAETitle|dicomUniqueAETitle|L
15.0.4.8|dicomTransferCapability|dicomTransferCapability|L
15.1.1|UTC|Universal Coordinated Time|Synchronization Frame of Reference
1.4.1.1|TalairachBrainAtlas|Talairach Brain Atlas Frame of Reference|F
1.4.1.2|SPM2T1|SPM2 T1 Frame of Reference|F
1.4.1.3|SPM2T2|SPM2 T2 Frame of Reference|F
1.4.1.4|SPM2PD|SPM2 PD Frame of Reference|F
1.4.1.5|SPM2EPI|SPM2 EPI Frame of Reference|F
1.4.1.6|SPM2FILT1|SPM2 FIL T1 Frame of Reference|F
1.4.1.7|SPM2PET|SPM2 PET Frame of Reference|F
1.4.1.8|SPM2TRANSM|SPM2 TRANSM Frame of Reference|F
1.4.1.9|SPM2SPECT|SPM2 SPECT Frame of Reference|F
1.4.1.10|SPM2GRAY|SPM2 GRAY Frame of Reference|F
1.4.1.11|SPM2WHITE|SPM2 WHITE Frame of Reference|F
1.4.1.12|SPM2CSF|SPM2 CSF Frame of Reference|F
1.4.1.13|SPM2BRAINMASK|SPM2 BRAINMASK Frame of Reference|F
1.4.1.14|SPM2AVG305T1|SPM2 AVG305T1 Frame of Reference|F
1.4.1.15|SPM2AVG152T1|SPM2 AVG152T1 Frame of Reference|F
1.4.1.16|SPM2AVG152T2|SPM2 AVG152T2 Frame of Reference|F
1.4.1.17|SPM2AVG152PD|SPM2 AVG152PD Frame of Reference|F
1.4.1.18|SPM2SINGLESUBJT1|SPM2 SINGLESUBJT1 Frame of Reference|F
1.4.2.1|ICBM452T1|ICBM 452 T1 Frame of Reference|F
1.4.2.2|ICBMSingleSubjectMRI|ICBM Single Subject MRI Frame of Reference|F
1.4.3.1|IEC61217FixedCoordinateSystem|IEC 61217 Fixed Coordinate System Frame of Reference|F
1.4.3.2|StandardRoboticArmCoordinateSystem|Standard Robotic-Arm Coordinate System Frame of Reference|F
1.4.3.3|IEC61217TableTopCoordinateSystem|IEC 61217 Table Top Coordinate System Frame of Reference|F
1.4.4.1|SRI24|SRI24 Frame of Reference|F
1.4.5.1|Colin27|Colin27 Frame of Reference|F
1.4.6.1|LPBA40AIR|LPBA40/AIR Frame of Reference|F
1.4.6.2|LPBA40FLIRT|LPBA40/FLIRT Frame of Reference|F
1.4.6.3|LPBA40SPM5|LPBA40/SPM5 Frame of Reference|F
`;
