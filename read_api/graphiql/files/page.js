// Starts GraphiQL against this very server. A token may come in the address: /graphql#token=...
"use strict";

const DEFAULT_QUERY = `# Put a token into the headers below: { "Authorization": "Bearer ..." }
# (\`make -s token\` prints one), then press the play button.
query Pipeline {
  forecast(asOf: { at: "2017-06-30T00:00:00Z", clock: OCCURRED }) {
    totals {
      open { count amount { minor currency } }
      won { count amount { minor currency } }
    }
  }
  deals(first: 5, sort: AMOUNT_DESC) {
    totalCount
    edges {
      node {
        name
        stage { name }
        amount { minor currency }
        account { name }
        owner { name }
      }
    }
  }
}
`;

function headersFromAddress() {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  window.history.replaceState(null, "", window.location.pathname);
  return JSON.stringify({ Authorization: `Bearer ${token ?? ""}` }, null, 2);
}

function isSubscription(document, operationName) {
  const operations = (document?.definitions ?? []).filter((node) => node.kind === "OperationDefinition");
  const meant = operations.find((node) => node.name?.value === operationName) ?? operations[0];
  return meant?.operation === "subscription";
}

function post(parameters, headers, accept, signal) {
  return fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: accept, ...headers },
    body: JSON.stringify(parameters),
    signal,
  });
}

async function* follow(parameters, headers) {
  const abort = new AbortController();
  try {
    const response = await post(parameters, headers, "text/event-stream", abort.signal);
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      yield await response.json();
      return;
    }
    let rest = "";
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const events = (rest + part.value).split("\r\n\r\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.split("\r\n").find((line) => line.startsWith("data: {"));
        if (data) yield JSON.parse(data.slice("data: ".length));
      }
    }
  } finally {
    abort.abort();
  }
}

function fetcher(parameters, options = {}) {
  if (isSubscription(options.documentAST, parameters.operationName)) {
    return follow(parameters, options.headers);
  }
  return post(parameters, options.headers, "application/json").then((response) => response.json());
}

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: DEFAULT_QUERY,
    defaultEditorToolsVisibility: "headers",
    headers: headersFromAddress(),
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  }),
);
