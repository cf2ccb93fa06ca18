// Asks AppSync's lint plugin what it finds in files of resolver code.
//
//   node oracle.mjs FOLDER
//
// FOLDER holds the files and a tsconfig.json that includes them; node_modules beside this script holds the plugin. Prints one
// line of JSON per file and configuration: {"file", "config", "fatal"?, "findings": [{"rule", "line", "column", "message"}]}.
// `recommended` has type information, from one program over all files; `base` asks for none.

import path from 'node:path'
import { ESLint } from 'eslint'
import appsync from '@aws-appsync/eslint-plugin'

const folder = path.resolve(process.argv[2])
const files = '**/*.{js,ts}'
const typed = { languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: folder } } }

for (const [config, parts] of Object.entries({ base: [appsync.configs.base], recommended: [appsync.configs.recommended, typed] })) {
  const eslint = new ESLint({
    cwd: folder,
    overrideConfigFile: true,
    overrideConfig: parts.map((part) => ({ files: [files], linterOptions: { noInlineConfig: true }, ...part })),
  })
  for (const { filePath, messages } of await eslint.lintFiles([files])) {
    const fatal = messages.find((message) => message.fatal)?.message
    const findings = messages
      .filter((message) => message.ruleId)
      .map(({ ruleId, line, column, message }) => ({ rule: ruleId.replace('@aws-appsync/', ''), line, column, message }))
    process.stdout.write(JSON.stringify({ file: path.relative(folder, filePath), config, fatal, findings }) + '\n')
  }
}
