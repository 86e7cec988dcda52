/// The page of the calls under way: the most synthetic first, each party with the course of its evidence.
enum CallsPage {
  static let html = """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Calls under way</title>
    <style>
      :root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; --line: light-dark(#ccc, #555); --bad: light-dark(#b00020, #ff8a80); }
      html { background: light-dark(#fff, #161616); color: light-dark(#111, #eee); }
      body { margin: 1.5rem auto; max-width: 60rem; padding: 0 1rem; }
      h1 { font-size: 1.2rem; }
      table { width: 100%; border-collapse: collapse; }
      th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
      td.number { text-align: right; font-variant-numeric: tabular-nums; }
      svg { width: 160px; height: 32px; display: block; overflow: visible; }
      polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
      line { stroke: var(--line); }
      tr.alarm td { color: var(--bad); font-weight: 600; }
      td:first-child { overflow-wrap: anywhere; }
      @media (max-width: 40rem) { body { padding: 0 .5rem; } th, td { padding-right: .4rem; } svg { width: 72px; } }
      @media (max-width: 27rem) { th:nth-child(3), td:nth-child(3) { display: none; } svg { width: 48px; } }
    </style>
    <main>
    <h1>Calls under way</h1>
    <p id="state" role="status">Connecting</p>
    <table>
      <thead><tr><th scope="col">Call<th scope="col">Party<th scope="col">Speech<th scope="col">LLR<th scope="col">Course<th scope="col">So far</tr></thead>
      <tbody id="rows"></tbody>
    </table>
    </main>
    <script>
      'use strict'
      const words = { bonafide: 'bona fide', synthetic: 'synthetic', inconclusive: 'can’t be told' }
      const parties = new Map()
      const longest = 120
      const key = event => event.call + '/' + event.party

      function party(event) {
        if (!parties.has(key(event))) parties.set(key(event), { call: event.call, name: event.name, course: [], alarm: false, llr: null, speech_s: 0 })
        return parties.get(key(event))
      }

      function take(event) {
        const known = Object.assign(party(event), { llr: event.llr, speech_s: event.speech_s, verdict: event.verdict, alarm: event.alarm })
        if (event.llr !== null) known.course.push(event.llr)
        if (known.course.length > longest) known.course.shift()
      }

      function element(name, text) {
        const made = document.createElement(name)
        if (text !== undefined) made.textContent = text
        return made
      }

      function drawing(course) {
        const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
        svg.setAttribute('viewBox', '0 0 160 32')
        svg.setAttribute('aria-hidden', 'true')
        const y = llr => 16 - Math.max(-10, Math.min(10, llr)) * 1.5
        const zero = document.createElementNS(svg.namespaceURI, 'line')
        for (const [name, value] of [['x1', 0], ['x2', 160], ['y1', 16], ['y2', 16]]) zero.setAttribute(name, value)
        const line = document.createElementNS(svg.namespaceURI, 'polyline')
        line.setAttribute('points', course.map((llr, index) => `${(index * 160 / longest).toFixed(1)},${y(llr).toFixed(1)}`).join(' '))
        svg.append(zero, line)
        return svg
      }

      let isDue = false
      function draw() {
        if (isDue) return
        isDue = true
        setTimeout(() => {
          isDue = false
          const sorted = [...parties.values()].sort((a, b) => (b.alarm - a.alarm) || (a.llr ?? 99) - (b.llr ?? 99))
          const rows = sorted.slice(0, 500).map(party => {
            const row = element('tr')
            if (party.alarm) row.className = 'alarm'
            const speech = element('td', `${party.speech_s.toFixed(0)} s`)
            const llr = element('td', party.llr === null ? '–' : party.llr.toFixed(1))
            speech.className = llr.className = 'number'
            const course = element('td')
            course.append(drawing(party.course))
            row.append(element('td', party.call), element('td', party.name), speech, llr, course,
              element('td', party.alarm ? 'ALARM: synthetic' : words[party.verdict] ?? ''))
            return row
          })
          document.getElementById('rows').replaceChildren(...rows)
          document.getElementById('state').textContent = `${new Set(sorted.map(party => party.call)).size} calls, ${sorted.length} parties`
        }, 250)
      }

      const source = new EventSource('/v1/events')
      source.addEventListener('state', message => {
        parties.clear()
        for (const call of JSON.parse(message.data).calls) for (const state of call.parties) take({ call: call.call, ...state })
        draw()
      })
      for (const kind of ['update', 'alarm', 'alarm_withdrawn']) {
        source.addEventListener(kind, message => { take(JSON.parse(message.data)); draw() })
      }
      source.addEventListener('party_started', message => { party(JSON.parse(message.data)); draw() })
      source.addEventListener('call_ended', message => {
        const ended = JSON.parse(message.data)
        for (const [name, party] of parties) if (party.call === ended.call) parties.delete(name)
        draw()
      })
      source.addEventListener('error', () => { document.getElementById('state').textContent = 'The connection is lost; trying again' })
    </script>
    </html>

    """
}
