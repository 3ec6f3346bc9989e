/** Regular expressions of logs, which may run forever, applied in a worker with a time limit. */
import { type LogMatches, type Matcher, matchesIn } from '../../runtime/trace/imports/log-matches.ts'
import { within } from '../model/within.ts'

const patienceMs = 5000

/** In a worker of the page, which is stopped after 5 s. */
export const matchInWorker: Matcher = async (parser, delimiter, log) => {
  const code = `onmessage=({data})=>{try{postMessage([(${matchesIn})(...data)])}catch(e){postMessage([,e.message])}}`
  const url = URL.createObjectURL(new Blob([code]))
  const worker = new Worker(url)
  try {
    const answer = new Promise<readonly [LogMatches, string?]>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = () => reject(new Error('workers are not allowed here'))
    })
    worker.postMessage([parser, delimiter, log])
    const [matches, problem] = await within(patienceMs, answer, `it takes longer than ${patienceMs / 1000} s`)
    if (problem !== undefined) throw new Error(problem)
    return matches
  } finally {
    worker.terminate()
    URL.revokeObjectURL(url)
  }
}
