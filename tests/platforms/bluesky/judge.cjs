// Judges what we send with the network's own library: one JSON document in, one out.
const { RichText, jsonToLex, lexicons } = require('@atproto/api')

const problem = (judge) => {
  try {
    judge()
    return ''
  } catch (error) {
    return String(error.message || error)
  }
}

const slice = (text, { byteStart, byteEnd }) =>
  Buffer.from(text, 'utf8').subarray(byteStart, byteEnd).toString('utf8')

const facets = (text) => {
  const rich = new RichText({ text })
  rich.detectFacetsWithoutResolution()
  return (rich.facets || []).map(({ index, features: [feature] }) => [
    slice(text, index),
    feature.uri || feature.tag || feature.did,
  ])
}

const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const answer = {
  bodies: asked.bodies.map((body) =>
    problem(() => {
      lexicons.assertValidXrpcInput('com.atproto.repo.putRecord', jsonToLex(body))
      lexicons.assertValidRecord('app.bsky.feed.post', jsonToLex(body.record))
    }),
  ),
  texts: asked.texts.map((text) => {
    const rich = new RichText({ text })
    return { graphemes: rich.graphemeLength, bytes: rich.length, facets: facets(text) }
  }),
}
process.stdout.write(JSON.stringify(answer))
