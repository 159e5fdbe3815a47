/* Live parts of the pages. Everything here is an addition: each page works without it. */
;(() => {
  const { user, events, worker, xsrf, live, every, announcements } = document.body.dataset
  const page = () => document.getElementById('page')
  document.documentElement.classList.add('bw-js')

  // ---- Going elsewhere ---------------------------------------------------------------------------------------
  /** A page that somebody has begun to leave goes nowhere by itself for so long (ms). If it is still here then, it was a download. */
  const leavingMs = 20_000
  let leftAt = Number.NEGATIVE_INFINITY
  addEventListener('beforeunload', () => {
    leftAt = performance.now()
  })
  /** Go by ourselves, unless the person goes; the next look at what has changed comes here again. */
  function goBy(go) {
    if (performance.now() - leftAt > leavingMs) go()
  }

  /** Ask the server for this page's parts; `form` posts it instead. Resolves to null when we left, or when there is nothing to show. */
  async function fetchParts(url, form) {
    const headers = { 'HX-Request': 'true', 'X-XSRFToken': xsrf }
    const answer = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form,
      headers,
      redirect: 'manual',
      cache: 'no-store',
    })
    const target = answer.headers.get('HX-Redirect')
    // Only a path of ours: `//host` would leave the site.
    if (target && /^\/(?!\/)/.test(target)) {
      goBy(() => location.assign(target))
      return null
    }
    // Signed out, signed in as somebody else, or moved: the browser itself shall follow.
    if (answer.type === 'opaqueredirect' || answer.status === 401) {
      goBy(() => location.reload())
      return null
    }
    if (!(answer.headers.get('Content-Type') || '').startsWith('text/html')) return null
    const parts = new DOMParser().parseFromString(await answer.text(), 'text/html')
    return parts.getElementById('page') ? parts : null
  }

  const holdsFocus = (node) => node !== document.activeElement && node.contains(document.activeElement)
  let isBehind = false

  /** Replace a part by its new self. One that holds focus stays, and its own parts are looked at. */
  function swapPart(old, next) {
    // What somebody has unfolded stays so.
    const folds = old.querySelectorAll('details')
    for (const [at, fold] of next.querySelectorAll('details').entries()) if (folds[at]) fold.open = folds[at].open
    if (old.isEqualNode(next)) return
    if (!holdsFocus(old) && old !== document.activeElement) {
      old.replaceWith(document.importNode(next, true))
      return
    }
    isBehind = true
    for (const inner of next.querySelectorAll('[data-fragment]')) {
      const match = document.getElementById(inner.id)
      if (match && old.contains(match)) swapPart(match, inner)
    }
  }

  /** Announcements stand above every page; new ones are read out. */
  function swapBanners(parts) {
    const next = parts.getElementById('banners')
    const old = document.getElementById('banners')
    if (!next || !old || next.dataset.version === old.dataset.version) return
    const known = new Set(old.dataset.version.split(' '))
    const isNews = next.dataset.version.split(' ').some((id) => id !== '' && !known.has(id))
    old.replaceWith(document.importNode(next, true))
    if (isNews) document.getElementById('announce').textContent = next.textContent.replace(/\s+/g, ' ').trim()
  }
  async function refreshBanners() {
    try {
      const parts = await fetchParts(announcements)
      if (parts) swapBanners(parts)
    } catch {
      // The next event tells again.
    }
  }

  function swap(parts, isWanted = () => true) {
    swapBanners(parts)
    const next = parts.getElementById('page')
    const old = page()
    document.title = parts.title
    document.getElementById('icon').href = next.dataset.icon
    const isChanged = next.dataset.status !== old.dataset.status
    if (isChanged && next.dataset.status) {
      document.getElementById(next.dataset.tone === 'bad' ? 'alarm' : 'announce').textContent = next.dataset.status
    }
    if (next.dataset.kind !== old.dataset.kind) {
      // Another page altogether. What holds focus stays until it is left, but the news has been told.
      old.dataset.status = next.dataset.status
      if (holdsFocus(old)) isBehind = true
      else old.replaceWith(document.importNode(next, true))
      return
    }
    for (const name of ['icon', 'status', 'tone']) old.dataset[name] = next.dataset[name]
    for (const part of next.querySelectorAll('[data-fragment]')) {
      if (part.parentElement.closest('[data-fragment]') || !isWanted(part)) continue
      const match = document.getElementById(part.id)
      if (match) swapPart(match, part)
    }
  }

  // ---- State changes -----------------------------------------------------------------------------------------
  let isRefreshing = false
  let isWaiting = false
  async function refresh() {
    if (isRefreshing) {
      isWaiting = true
      return
    }
    isRefreshing = true
    try {
      isBehind = false
      const parts = await fetchParts(location.href)
      if (parts) swap(parts)
    } catch {
      // The hub restarts or the network is away: the page keeps what it knows, and the next event or minute tries again.
    } finally {
      isRefreshing = false
      if (isWaiting) {
        isWaiting = false
        refresh()
      }
    }
  }

  function listen() {
    const url = `${events}?_xsrf=${encodeURIComponent(xsrf)}`
    const hear = (message) => {
      // A scheduler that falls silent changes no session, but what is known of all of them.
      if (message.type === 'announcements') {
        if (message.ids.join(' ') !== document.getElementById('banners')?.dataset.version) refreshBanners()
        return
      }
      if (!live) {
        // Whatever was withdrawn while nobody listened is told by nothing else.
        if (message.type === 'open' && document.getElementById('banners')?.dataset.version) refreshBanners()
        return
      }
      if (message.type === 'open' || message.type === 'cluster' || (message.type === 'session' && (live === 'all' || live === message.id))) refresh()
    }
    if (typeof SharedWorker === 'function') {
      const { port } = new SharedWorker(worker, { name: `batchway ${user}` })
      port.onmessage = ({ data }) => hear(data)
      port.postMessage({ url })
      addEventListener('pagehide', () => port.postMessage({ isLeaving: true }))
    } else if (live) {
      const source = new EventSource(url)
      source.onopen = () => hear({ type: 'open' })
      source.addEventListener('session', ({ data }) => hear({ type: 'session', id: JSON.parse(data).id }))
      source.addEventListener('cluster', () => hear({ type: 'cluster' }))
      source.addEventListener('announcements', ({ data }) => hear({ type: 'announcements', ids: JSON.parse(data).ids }))
      addEventListener('pagehide', () => source.close())
    } else {
      // A connection for each such tab would use up those that HTTP/1.1 allows.
      setInterval(() => document.visibilityState === 'visible' && refreshBanners(), 60_000)
    }
    if (!live) return
    // Clocks and rings move without events; a hidden page does not need them.
    setInterval(() => document.visibilityState === 'visible' && refresh(), 30_000)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && refresh())
    document.addEventListener('focusout', () => isBehind && setTimeout(refresh, 0))
  }
  if (every) {
    setInterval(() => document.visibilityState === 'visible' && refresh(), Number(every) * 1000)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && refresh())
    document.addEventListener('focusout', () => isBehind && setTimeout(refresh, 0))
  }
  if (user) listen()
  // A page from the back-forward cache shows an old state and has lost its stream.
  addEventListener('pageshow', (event) => event.persisted && location.reload())

  // ---- Launch form -------------------------------------------------------------------------------------------
  let turn = 0
  async function ask(form, action) {
    const mine = ++turn
    const body = new FormData(form)
    body.set('_action', action)
    try {
      const parts = await fetchParts(form.action, new URLSearchParams(body))
      // An older answer must not overwrite what was typed since.
      if (parts && mine === turn) swap(parts, (part) => action === 'show' || part.id !== 'launch-errors')
    } catch {
      // The button still works.
    }
  }
  document.addEventListener('change', (event) => {
    const form = event.target.form
    if (!form || !form.hasAttribute('data-launch')) return
    ask(form, event.target.name === 'profile' ? 'show' : 'check')
  })
  document.getElementById('errors')?.focus()

  // ---- Copy --------------------------------------------------------------------------------------------------
  /** Plain HTTP has no clipboard of its own: there the text is selected, and the old command copies the selection. */
  function copySelected(source) {
    const fold = source.closest('details')
    const wasOpen = !fold || fold.open
    if (fold) fold.open = true
    getSelection().selectAllChildren(source)
    const isDone = document.execCommand('copy')
    if (!isDone) return false
    getSelection().removeAllRanges()
    if (fold) fold.open = wasOpen
    return true
  }
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]')
    if (!button) return
    const source = document.getElementById(button.dataset.copy)
    const said = document.getElementById(button.dataset.said)
    said.textContent = ''
    const isDone = await navigator.clipboard?.writeText(source.textContent).then(
      () => true,
      () => false,
    )
    said.textContent =
      isDone || copySelected(source) ? 'Copied' : 'This browser does not copy by itself: the text below is selected.'
  })
})()
