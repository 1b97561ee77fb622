// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/plaintext_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "capture/tls/byte_search.h"
#include "capture/tls/function_returns.h"
#include "capture/tls/go_functions.h"
#include "capture/tls/nss_methods.h"
#include "capture/tls/openssl_functions.h"
#include "capture/tls/recipe.h"

namespace capture::tls {
namespace {

// What a function's arguments are beyond the connection, a buffer, and its length.
struct CFunction {
    PlaintextCall call;
    PlaintextCall next = call;  // to which it passes all on
    uint32_t passed = 0;  // the argument that points to where the number of bytes will be; 0: none
    bool has_wide_length = true;  // size_t, else int
    bool has_wide_result = false;
};
constexpr std::array kSslFunctions = {
    CFunction{.call = PlaintextCall::kSslRead, .has_wide_length = false},
    CFunction{.call = PlaintextCall::kSslReadEx, .passed = 3},
    CFunction{.call = PlaintextCall::kSslReadEarlyData, .passed = 3},
    CFunction{.call = PlaintextCall::kSslWrite, .has_wide_length = false},
    CFunction{.call = PlaintextCall::kSslWriteEx, .next = PlaintextCall::kSslWriteEx2, .passed = 3},
    CFunction{.call = PlaintextCall::kSslWriteEx2, .passed = 4},
    CFunction{.call = PlaintextCall::kSslWriteEarlyData, .passed = 3},
};
constexpr std::array kGnutlsFunctions = {
    CFunction{.call = PlaintextCall::kGnutlsRecordRecv, .has_wide_result = true},
    CFunction{.call = PlaintextCall::kGnutlsRecordRecvSeq, .has_wide_result = true},
    CFunction{.call = PlaintextCall::kGnutlsRecordSend,
              .next = PlaintextCall::kGnutlsRecordSend2,
              .has_wide_result = true},
    CFunction{.call = PlaintextCall::kGnutlsRecordSend2, .has_wide_result = true},
    CFunction{.call = PlaintextCall::kGnutlsRecordUncork},
};

std::string text_of(PlaintextLibrary library, std::string_view version) {
    return fmt::format("{}{}{}", name_of(library), version.empty() ? "" : " ", version);
}

}  // namespace

PlaintextFunction PlaintextFinder::start(PlaintextLibrary library, std::string_view version,
                                         PlaintextCall call, uint64_t address) const {
    PlaintextFunction function;
    function.library = library;
    function.version = version;
    function.call = call;
    function.file_offset = image_.file_offset(address).value_or(0);
    function.stack = stack_pointer(image_.machine());
    function.result = result_of(image_.machine());
    function.pointers_of_32_bits = image_.pointer_size() == 4;
    return function;
}

PlaintextFunction* PlaintextFinder::add_c(PlaintextLibrary library, std::string_view version,
                                          PlaintextCall call, uint64_t address, bool is_passed_on) {
    const auto returns = find_returns(image_, disassembler_, address);
    if (!returns && returns.error().code == ENOTSUP && is_passed_on) {
        return nullptr;
    }
    if (!returns) {
        unsupported.push_back(fmt::format("{}: {}: {}", text_of(library, version), name_of(call),
                                          returns.error().message));
        return nullptr;
    }
    PlaintextFunction function = start(library, version, call, address);
    for (const uint64_t each : returns->addresses) {
        function.return_offsets.push_back(image_.file_offset(each).value_or(0));
    }
    function.owns_returns = returns->are_own;
    function.object = c_argument(image_.machine(), 0);
    function.buffer = c_argument(image_.machine(), 1);
    function.length = c_argument(image_.machine(), 2);
    functions.push_back(std::move(function));
    return &functions.back();
}

void PlaintextFinder::note_nameless(const Symbols& found) {
    std::string names;
    for (const CFunction& function : kSslFunctions) {
        // Older ones have no SSL_write_ex2, which others' bytes pass.
        if (function.call != PlaintextCall::kSslWriteEx2 &&
            !found.contains(name_of(function.call)) &&
            (function.next == function.call || !found.contains(name_of(function.next)))) {
            names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(function.call));
        }
    }
    if (!names.empty()) {
        unsupported.push_back(fmt::format(
            "{}: {}: not to be told from others in this file",
            text_of(PlaintextLibrary::kOpenSsl, version_after(image_, "OpenSSL ")), names));
    }
}

void PlaintextFinder::find_c(bool is_boring, bool has_library) {
    std::vector<std::string_view> names;
    for (const auto& functions : {std::span<const CFunction>(kSslFunctions),
                                  std::span<const CFunction>(kGnutlsFunctions)}) {
        for (const CFunction& function : functions) {
            names.push_back(name_of(function.call));
        }
    }
    Symbols symbols = exported_functions(image_, names);
    if (symbols.empty() && has_library) {
        symbols = functions_in_symbol_table(image_, names);
    }
    if (symbols.empty() && has_library && !is_boring) {
        for (const OpensslFunction& each : find_openssl_functions(image_, disassembler_)) {
            symbols.emplace(name_of(each.call), each.address);
        }
        if (!symbols.empty()) {
            note_nameless(symbols);
        }
    }
    const auto add_all = [&](PlaintextLibrary library, std::string_view prefix,
                             std::span<const CFunction> all) {
        std::string version;
        for (const CFunction& each : all) {
            const auto symbol = symbols.find(name_of(each.call));
            if (symbol == symbols.end()) {
                continue;
            }
            if (version.empty() && !prefix.empty()) {
                version = version_after(image_, prefix);
            }
            const bool is_passed_on =
                each.next != each.call && symbols.contains(name_of(each.next));
            PlaintextFunction* function =
                add_c(library, version, each.call, symbol->second, is_passed_on);
            if (function == nullptr) {
                continue;
            }
            function->has_passed = each.passed != 0;
            if (function->has_passed) {
                function->passed = c_argument(image_.machine(), each.passed);
            }
            function->has_wide_length = each.has_wide_length && image_.pointer_size() == 8;
            function->has_wide_result = each.has_wide_result && image_.pointer_size() == 8;
        }
    };
    if (is_boring) {
        add_all(PlaintextLibrary::kBoringSsl, "", kSslFunctions);
    } else {
        add_all(PlaintextLibrary::kOpenSsl, "OpenSSL ", kSslFunctions);
    }
    add_all(PlaintextLibrary::kGnuTls, "Enabled GnuTLS ", kGnutlsFunctions);
}

// PRInt32 f(PRFileDesc *file, void *buffer, PRInt32 length, …), see nspr's prio.h. What programs
// have put around a file may become another PRFileDesc; its second word, NSS's own object, stays.
void PlaintextFinder::find_nss() {
    if (!image_.exported("SSL_ImportFD")) {
        return;
    }
    constexpr uint32_t kFlags = 3;
    const std::string version = version_after(image_, "Version: NSS ");
    const auto methods = find_nss_methods(image_, disassembler_);
    const auto object = operand_of(
        image_.machine(), Value::address(0, static_cast<int64_t>(image_.pointer_size())).loaded());
    if (!methods || !object) {
        unsupported.push_back(fmt::format("{}: the table of its functions wasn't found",
                                          text_of(PlaintextLibrary::kNss, version)));
        return;
    }
    const std::array<std::pair<PlaintextCall, uint64_t>, 4> calls = {
        {{PlaintextCall::kNssRead, methods->read},
         {PlaintextCall::kNssRecv, methods->receive},
         {PlaintextCall::kNssWrite, methods->write},
         {PlaintextCall::kNssSend, methods->send}}};
    for (const auto& [call, address] : calls) {
        PlaintextFunction* function = add_c(PlaintextLibrary::kNss, version, call, address, false);
        if (function == nullptr) {
            continue;
        }
        function->object = *object;
        function->has_flags = call == PlaintextCall::kNssRecv;
        if (function->has_flags) {
            function->flags = c_argument(image_.machine(), kFlags);
        }
    }
}

void PlaintextFinder::find_go(std::string_view version) {
    add_go(PlaintextCall::kGoRead, version);
    add_go(PlaintextCall::kGoWrite, version);
}

void PlaintextFinder::add_go(PlaintextCall call, std::string_view version) {
    const auto fail = [&](std::string_view reason) {
        unsupported.push_back(fmt::format("{}: {}: {}", text_of(PlaintextLibrary::kGo, version),
                                          name_of(call), reason));
    };
    const auto table = find_go_table(image_);
    const auto code = table ? find_go_function(image_, *table, name_of(call)) : std::nullopt;
    if (!code) {
        return fail("it isn't in the table of functions");
    }
    if (image_.machine() == Machine::kI386 ||
        (!table->has_offsets && !version.starts_with("1.17"))) {
        return fail("its arguments are not in registers");
    }
    const auto returns = find_returns_in(disassembler_, *code);
    if (!returns) {
        return fail(returns.error().message);
    }
    PlaintextFunction function = start(PlaintextLibrary::kGo, version, call, code->begin);
    for (const uint64_t address : returns->addresses) {
        function.return_offsets.push_back(image_.file_offset(address).value_or(0));
    }
    function.owns_returns = returns->are_own;
    // The receiver, a slice.
    function.object = go_argument(image_.machine(), 0);
    function.buffer = go_argument(image_.machine(), 1);
    function.length = go_argument(image_.machine(), 2);
    function.routine = go_routine(image_.machine());
    function.has_wide_length = true;
    function.has_wide_result = true;
    functions.push_back(std::move(function));
}

}  // namespace capture::tls
