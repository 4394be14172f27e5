/** Opens the embedded database of a folder, writes one table, says so, and waits to be killed. */
import { openDatabase } from '#store/database.ts'
import { openEmbedded } from '#store/embedded.ts'

const embedded = await openEmbedded({ folder: process.argv[2] ?? '' })
const database = await openDatabase({ url: embedded.url })
await database.query('create table if not exists held as select 1 as n')
process.stdout.write('ready\n')
setInterval(() => {}, 1_000)
