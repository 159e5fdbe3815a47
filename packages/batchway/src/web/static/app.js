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

  // ---- What is wrong with this page itself -------------------------------------------------------------------
  /** Notes that each page brings along, for when it cannot ask for any. */
  function say(id, isSo) {
    const note = document.getElementById(id)
    if (note.hidden === !isSo) return
    note.hidden = !isSo
    document.getElementById('announce').textContent = isSo ? note.textContent.trim() : ''
  }
  const isChanged = (field) =>
    field.type === 'checkbox' || field.type === 'radio'
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue
  /** Fields in which somebody has typed what is not sent yet. */
  const typedFields = () => [...document.querySelectorAll('main :is(input:not([type=hidden]), textarea)')].filter(isChanged)
  let failures = 0
  /** The hub's restart takes a moment: one failure is none. */
  function countFailure(isFailure) {
    failures = isFailure ? failures + 1 : 0
    say('silent', failures > 1)
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
    // The proxy speaks for a hub that is away.
    if (answer.status >= 500) throw new Error(`answered with ${answer.status}`)
    const isPage = (answer.headers.get('Content-Type') || '').startsWith('text/html')
    // Signed out, signed in anew or as somebody else, or moved: the browser itself shall follow.
    if (answer.type === 'opaqueredirect' || answer.status === 401 || (answer.status === 403 && !isPage)) {
      if (typedFields().length > 0) say('over', true)
      else goBy(() => location.reload())
      return null
    }
    if (!isPage) return null
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

  /** What is typed and not sent yet goes over into what comes. */
  function carryTyped(parts) {
    for (const field of typedFields()) {
      const next = field.id && parts.getElementById(field.id)
      if (next) Object.assign(next, { value: field.value, checked: field.checked })
    }
  }

  function swap(parts, isWanted = () => true) {
    swapBanners(parts)
    // The clock above says when what stands below it was so.
    const clock = document.querySelector('.bw-clock')
    if (clock) clock.replaceWith(document.importNode(parts.querySelector('.bw-clock'), true))
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
      countFailure(false)
      if (parts) {
        carryTyped(parts)
        swap(parts)
      }
    } catch {
      // The hub restarts or the network is away: the page keeps what it knows, and the next event or minute tries again.
      countFailure(true)
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
      if (['open', 'cut', 'cluster'].includes(message.type) || (message.type === 'session' && (live === 'all' || live === message.id))) refresh()
    }
    if (typeof SharedWorker === 'function') {
      const { port } = new SharedWorker(worker, { name: `batchway ${user}` })
      port.onmessage = ({ data }) => hear(data)
      port.postMessage({ url })
      addEventListener('pagehide', () => port.postMessage({ isLeaving: true }))
    } else if (live) {
      const source = new EventSource(url)
      source.onopen = () => hear({ type: 'open' })
      source.onerror = () => hear({ type: 'cut' })
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
      if (!parts || mine !== turn) return
      swap(parts, (part) => action === 'show' || part.id !== 'launch-errors')
      keep(form)
    } catch {
      // The button still works.
    }
  }
  /** What is typed stands in the address, as a link that fills the form in: Back, a reload and a sign-in in between lose nothing. */
  function keep(form) {
    const { _xsrf, _shown, profile, _server, ...fields } = Object.fromEntries(new FormData(form))
    // The fields of another profile come with the answer.
    const typed = { profile, ...(_shown === profile && fields), ...(_server && { _server }) }
    const address = new URL(form.action)
    for (const [name, value] of Object.entries(typed)) address.searchParams.set(name, value)
    history.replaceState(history.state, '', address)
  }
  let pause = 0
  document.addEventListener('input', ({ target: { form } }) => {
    if (!form?.hasAttribute('data-launch')) return
    clearTimeout(pause)
    // Browsers refuse a page that changes its address with each letter.
    pause = setTimeout(keep, 300, form)
  })
  document.addEventListener('change', ({ target: { name, form } }) => {
    if (!form?.hasAttribute('data-launch')) return
    keep(form)
    ask(form, name === 'profile' ? 'show' : 'check')
  })
  const errors = document.getElementById('errors')
  errors?.focus()
  // What was refused is the answer to a form: loading it again would send the form again.
  const refused = errors && document.querySelector('[data-launch]')
  if (refused) keep(refused)

  // ---- Sending once ------------------------------------------------------------------------------------------
  /** A second press while the first one waits for its answer (ms); after that the way may have been cut, and it is meant. */
  const sendingMs = 10_000
  const sent = new WeakMap()
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (form.method !== 'post') return
    if (performance.now() - (sent.get(form) ?? Number.NEGATIVE_INFINITY) < sendingMs) {
      event.preventDefault()
      return
    }
    sent.set(form, performance.now())
    event.submitter?.classList.add('bw-sent')
  })

  // ---- Menu --------------------------------------------------------------------------------------------------
  const menu = document.querySelector('.bw-menu')
  document.addEventListener('click', ({ target }) => {
    if (menu && !menu.contains(target)) menu.open = false
  })
  document.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !menu?.open) return
    menu.open = false
    menu.querySelector('summary').focus()
  })

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
