/* One stream of state changes for all tabs of a browser: a connection per tab would use up the six that HTTP/1.1 allows. */
const ports = new Set()
let source = null
let url = null
let delay = 1000
let announced = null

const tell = (message) => {
  for (const port of ports) port.postMessage(message)
}

function open() {
  source = new EventSource(url)
  source.onopen = () => {
    delay = 1000
    // Whatever happened while nobody listened: the pages look again.
    tell({ type: 'open' })
  }
  source.addEventListener('session', ({ data }) => tell({ type: 'session', id: JSON.parse(data).id }))
  source.addEventListener('announcements', ({ data }) => {
    // For pages that open later, too.
    announced = JSON.parse(data).ids
    tell({ type: 'announcements', ids: announced })
  })
  source.addEventListener('cluster', () => tell({ type: 'cluster' }))
  source.onerror = () => {
    // The pages find out why: signed out, the hub restarts, or the network is away.
    tell({ type: 'cut' })
    // Short cuts are mended by the browser; a refusal is final, and is asked again with the newest token.
    if (source.readyState !== EventSource.CLOSED) return
    setTimeout(() => ports.size > 0 && source.readyState === EventSource.CLOSED && open(), delay)
    delay = Math.min(delay * 2, 60_000)
  }
}

self.onconnect = ({ ports: [port] }) => {
  ports.add(port)
  port.onmessage = ({ data }) => {
    if (data.isLeaving) {
      ports.delete(port)
      return
    }
    url = data.url
    if (source === null || source.readyState === EventSource.CLOSED) open()
    else if (source.readyState === EventSource.OPEN) {
      port.postMessage({ type: 'open' })
      if (announced !== null) port.postMessage({ type: 'announcements', ids: announced })
    }
  }
}
