//! What the clients of two languages do: two hundred requests each, at an
//! address, one after the other. They print `well` if all is well.

/// Python's `http.client`.
pub(crate) const PYTHON: &str = r#"
import http.client, sys

connection = http.client.HTTPConnection(sys.argv[1], timeout=20)

def ask(method, path, status, length, **fields):
    connection.request(method, path, headers=fields)
    answer = connection.getresponse()
    body = answer.read()
    assert (answer.status, len(body)) == (status, length), (method, path, answer.status, len(body))
    return answer

for turn in range(40):
    ask("GET", "/small.txt", 200, 1024)
    tag = ask("HEAD", "/large.bin", 200, 0).headers["ETag"]
    ask("GET", "/large.bin", 304, 0, **{"If-None-Match": tag})
    ask("GET", "/large.bin", 206, 100, Range="bytes=100-199")
    ask("GET", "/folder/", 200, 16)
print("well")
"#;

/// Node's `fetch`.
pub(crate) const NODE: &str = r#"
const site = "http://" + process.argv[1];

async function ask(method, path, status, length, headers = {}) {
  const answer = await fetch(site + path, { method, headers });
  const body = await answer.arrayBuffer();
  if (answer.status !== status || body.byteLength !== length) {
    throw new Error(`${method} ${path}: ${answer.status}, ${body.byteLength} bytes`);
  }
  return answer;
}

(async () => {
  for (let turn = 0; turn < 40; turn++) {
    await ask("GET", "/small.txt", 200, 1024);
    const tag = (await ask("GET", "/folder/index.html", 200, 16)).headers.get("etag");
    await ask("GET", "/folder/index.html", 304, 0, { "If-None-Match": tag });
    await ask("GET", "/large.bin", 206, 100, { "Range": "bytes=100-199" });
    await ask("GET", "/folder/", 200, 16);
  }
  console.log("well");
})();
"#;
