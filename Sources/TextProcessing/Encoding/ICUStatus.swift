import CICU

/// The most bytes that are handed to ICU at once.
let cicuLimit = 1 << 29

/// ICU's name of a status.
func statusName(_ status: cicu_status) -> String {
  String(cString: cicu_status_name(status))
}

/// Runs a call into ICU and turns a failure into an error.
func checkingICU<Result>(_ operation: String, _ body: (inout cicu_status) -> Result?) throws(TokenizerError) -> Result {
  var status: cicu_status = 0
  guard let result = body(&status), status <= 0 else {
    throw .icu(operation: operation, status: statusName(status))
  }
  return result
}
