/** A process that holds the folder it is given until it is killed, and says whether it could. */
import { lockFolder } from '../../runtime/store/folder-lock.ts'

lockFolder(process.argv[2]!).then(
  () => {
    console.log('held')
    setInterval(() => {}, 60_000)
  },
  (error: Error) => console.log(error.message),
)
