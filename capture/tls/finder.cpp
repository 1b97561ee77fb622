// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "capture/tls/byte_search.h"
#include "capture/tls/client_random.h"
#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/go_functions.h"
#include "capture/tls/labels.h"
#include "capture/tls/log_function.h"
#include "capture/tls/nss_function.h"
#include "capture/tls/plaintext_finder.h"
#include "capture/tls/recipe.h"
#include "capture/tls/rustls_functions.h"

namespace capture::tls {
namespace {

using pcapng::Result;

// Functions that are called with a label; a program may have several libraries in it.
constexpr size_t kMaxTried = 8;
// A comparison of texts is called with a label, too.
constexpr size_t kFewestLabels = 2;

bool has(const std::vector<Value>& values, const Value& value) {
    return std::ranges::find(values, value) != values.end();
}

class Finder {
  public:
    Finder(const ElfImage& image, Disassembler& disassembler)
        : image_(image), disassembler_(disassembler) {}

    Finding find();

  private:
    enum class Library { kOpenSsl, kBoringSsl, kGnuTls, kNss };

    void find_c();
    void find_nss(const LogFunction& function);
    void find_go();
    void find_wolfssl();
    void find_rustls();
    void find_others();
    void find_plaintext();
    // Whether the function was one.
    bool try_function(const LogFunction& function, bool has_most_votes);
    Result<Operand> random_of(const LogFunction& function, bool has_most_votes) const;
    std::vector<Value> random_of_accessor() const;
    void name_c_library();
    KeyLogFunction start(uint64_t address) const;
    std::string reason(std::string_view why) const {
        return fmt::format("{}{}{}: {}", name_, version_.empty() ? "" : " ", version_, why);
    }
    void fail(std::string_view why) { finding_.unsupported.push_back(reason(why)); }

    const ElfImage& image_;
    Disassembler& disassembler_;
    LabelTexts texts_;
    Library library_ = Library::kOpenSsl;
    std::string_view name_;
    std::string version_;
    Finding finding_;
};

Finding Finder::find() {
    finding_.machine = image_.machine();
    texts_ = find_labels(image_);
    if (!texts_.ended.empty()) {
        find_c();
    }
    if (!texts_.others.empty()) {
        find_go();
    }
    find_others();
    find_plaintext();
    return std::move(finding_);
}

void Finder::find_plaintext() {
    PlaintextFinder finder(image_, disassembler_);
    finder.find_c(library_ == Library::kBoringSsl, !texts_.ended.empty());
    finder.find_nss();
    if (name_ == "Go") {
        finder.find_go(version_);
    }
    finding_.plaintext = std::move(finder.functions);
    finding_.plaintext_unsupported = std::move(finder.unsupported);
    if (finding_.has_tls && finding_.plaintext.empty() && finding_.plaintext_unsupported.empty()) {
        finding_.plaintext_unsupported.push_back(
            reason("its functions that pass plaintext have no names in this file"));
    }
    finding_.has_tls |= !finding_.plaintext.empty();
}

// By what only this library has.
void Finder::name_c_library() {
    const bool has_early_exporter = std::ranges::any_of(
        texts_.ended, [](const Label& each) { return each.text == "EARLY_EXPORTER_SECRET"; });
    if (image_.exported("gnutls_session_get_random")) {
        library_ = Library::kGnuTls;
        name_ = "GnuTLS";
        version_ = version_after(image_, "Enabled GnuTLS ");
    } else if (image_.exported("SSL_ImportFD")) {
        library_ = Library::kNss;
        name_ = "NSS";
        version_ = version_after(image_, "Version: NSS ");
    } else if (has_early_exporter) {  // which BoringSSL doesn't log
        library_ = Library::kOpenSsl;
        name_ = "OpenSSL";
        version_ = version_after(image_, "OpenSSL ");
    } else {
        library_ = Library::kBoringSsl;
        name_ = "BoringSSL";  // it has no versions
    }
}

KeyLogFunction Finder::start(uint64_t address) const {
    KeyLogFunction result;
    result.library = name_;
    result.version = version_;
    result.file_offset = image_.file_offset(address).value_or(0);
    result.recipe.pointers_of_32_bits = image_.pointer_size() == 4;
    return result;
}

void Finder::find_c() {
    const std::vector<LabelReference> references = find_references(image_, texts_.ended);
    if (references.empty()) {
        return;
    }
    const std::vector<LogFunction> functions =
        find_log_functions(image_, disassembler_, texts_.ended, references);
    name_c_library();
    if (library_ == Library::kNss && !functions.empty()) {
        find_nss(functions[0]);
        return;
    }
    for (size_t i = 0; i < std::min(functions.size(), kMaxTried); ++i) {
        if (functions[i].labels >= kFewestLabels) {
            const bool has_most_votes =
                i == 0 && (functions.size() == 1 || functions[1].votes < functions[0].votes);
            finding_.has_tls = true;
            (void)try_function(functions[i], has_most_votes);
        }
    }
    if (finding_.has_tls && finding_.functions.empty()) {
        fail("the function that logs secrets wasn't found");
    }
}

bool Finder::try_function(const LogFunction& function, bool has_most_votes) {
    const auto random = random_of(function, has_most_votes);
    if (!random) {
        return false;
    }
    KeyLogFunction result = start(function.address);
    result.recipe.label = c_argument(image_.machine(), 1);
    result.recipe.client_random = *random;
    result.recipe.secret = c_argument(image_.machine(), 2);
    result.recipe.secret_length = c_argument(image_.machine(), 3);
    result.labels = texts_.ended;
    finding_.functions.push_back(std::move(result));
    return true;
}

std::vector<Value> Finder::random_of_accessor() const {
    if (const auto accessor = image_.exported("SSL_get_client_random")) {
        return random_of_openssl_accessor(image_, disassembler_, *accessor);
    }
    if (const auto accessor = image_.exported("gnutls_session_get_random")) {
        return random_of_gnutls_accessor(image_, disassembler_, *accessor);
    }
    return {};
}

// The accessor tells of the library's own object, so it serves the function with the most votes.
Result<Operand> Finder::random_of(const LogFunction& function, bool has_most_votes) const {
    std::vector<Value> found = random_of_log_function(image_, disassembler_, function.address);
    if (has_most_votes) {
        const std::vector<Value> accessed = random_of_accessor();
        if (found.empty()) {
            found = accessed;
        } else if (!accessed.empty() && !has(accessed, found[0])) {
            return pcapng::Error{"its code and the accessor name two places for the random"};
        }
    }
    if (found.size() != 1) {
        return pcapng::Error{found.empty() ? "its code doesn't read a random"
                                           : "its code reads several places like a random"};
    }
    const auto operand = operand_of(image_.machine(), found[0]);
    return operand ? Result<Operand>(*operand)
                   : pcapng::Error{"the random lies behind too many pointers"};
}

void Finder::find_nss(const LogFunction& function) {
    finding_.has_tls = true;
    const auto address = find_nss_write_function(image_, disassembler_, function.address);
    if (!address) {
        fail(address.error().message);
        return;
    }
    const std::vector<Value> random = random_of_log_function(image_, disassembler_, *address);
    const auto operand =
        random.size() == 1 ? operand_of(image_.machine(), random[0]) : std::nullopt;
    // A SECItem: type, data, length.
    const auto pointer = static_cast<int64_t>(image_.pointer_size());
    const auto data = operand_of(image_.machine(), Value::address(2, pointer).loaded());
    const auto length = operand_of(image_.machine(), Value::address(2, 2 * pointer).loaded());
    if (!operand || !data || !length) {
        fail("the client's random wasn't found");
        return;
    }
    KeyLogFunction result = start(*address);
    result.recipe.label = c_argument(image_.machine(), 1);
    result.recipe.client_random = *operand;
    result.recipe.secret = *data;
    result.recipe.secret_length = *length;
    result.labels = texts_.ended;
    finding_.functions.push_back(std::move(result));
}

// Libraries that are found by something else than labels.
void Finder::find_others() {
    if (image_.exported("wolfSSL_new")) {
        find_wolfssl();
    }
    if (!texts_.others.empty() && name_ != "Go") {
        find_rustls();
    }
}

// It has no key log. But what makes the keys of TLS 1.2 is exported, and is called with all that a
// line needs: wc_PRF_TLS(to, length, secret, length, label, length, seed, length, …), where for the
// label "key expansion" the secret is the master secret, and the seed the server's random and the
// client's (RFC 5246, section 6.3).
void Finder::find_wolfssl() {
    constexpr uint32_t kSecret = 2;
    constexpr uint32_t kLabel = 4;
    constexpr uint32_t kSeed = 6;
    constexpr int64_t kServerRandomLength = 32;
    finding_.has_tls = true;
    name_ = "wolfSSL";
    version_ = version_after(image_, "wolfSSL ");
    const auto function = image_.exported("wc_PRF_TLS");
    if (!function) {
        fail("it has no function wc_PRF_TLS");
        return;
    }
    const Machine machine = image_.machine();
    KeyLogFunction result = start(*function);
    result.recipe.label = c_argument(machine, kLabel);
    result.recipe.label_length = c_argument(machine, kLabel + 1);
    result.recipe.has_label_length = true;
    result.recipe.client_random = c_argument(machine, kSeed);
    result.recipe.client_random.offsets[result.recipe.client_random.loads] += kServerRandomLength;
    result.recipe.secret = c_argument(machine, kSecret);
    result.recipe.secret_length = c_argument(machine, kSecret + 1);
    finding_.functions.push_back(std::move(result));
    fail("of TLS 1.3, no function is called with a secret and the client's random");
}

void Finder::find_rustls() {
    std::vector<Label> labels = texts_.others;
    labels.insert(labels.end(), texts_.ended.begin(), texts_.ended.end());  // by accident
    const RustlsPlaces places = find_rustls_places(image_, disassembler_, labels);
    // Paths of its source stand in what is built with it.
    version_ = version_after(image_, "/rustls-");
    if (version_.empty() && places.secrets.empty() && places.master_secrets.empty()) {
        return;
    }
    finding_.has_tls = true;
    name_ = "rustls";
    for (const auto* found : {&places.secrets, &places.master_secrets}) {
        for (const RustlsPlace& place : *found) {
            KeyLogFunction result = start(place.address);
            result.recipe = place.recipe;
            result.labels = labels;
            finding_.functions.push_back(std::move(result));
        }
    }
    if (places.secrets.empty()) {
        fail(
            "the secrets of TLS 1.3 weren't found; before rustls 0.22 they are made only for a key "
            "log");
    }
    if (places.master_secrets.empty()) {
        fail("the secrets of TLS 1.2 weren't found");
    }
}

void Finder::find_go() {
    version_ = go_version(image_);
    const auto table = find_go_table(image_);
    if (version_.empty() && !table) {
        return;
    }
    finding_.has_tls = true;
    name_ = "Go";
    if (!table) {
        fail("its table of functions is none of Go 1.16 to 1.26");
        return;
    }
    const auto function = find_go_function(image_, *table, "crypto/tls.(*Config).writeKeyLog");
    if (!function) {
        fail("it has no function crypto/tls.(*Config).writeKeyLog");
        return;
    }
    const bool may_be_116 = !table->has_offsets && !version_.starts_with("1.17");
    if (may_be_116 && image_.machine() != Machine::kI386) {
        fail("before 1.17, arguments are not in registers");
        return;
    }
    // The receiver, a string, two slices.
    KeyLogFunction result = start(function->begin);
    result.recipe.label = go_argument(image_.machine(), 1);
    result.recipe.label_length = go_argument(image_.machine(), 2);
    result.recipe.has_label_length = true;
    result.recipe.client_random = go_argument(image_.machine(), 3);
    result.recipe.secret = go_argument(image_.machine(), 6);
    result.recipe.secret_length = go_argument(image_.machine(), 7);
    result.labels = texts_.others;
    finding_.functions.push_back(std::move(result));
}

}  // namespace

Result<Finding> find_tls(int fd) {
    const auto image = ElfImage::read(fd);
    if (!image) {
        return image.error();
    }
    auto disassembler = Disassembler::open(*image);
    if (!disassembler) {
        return std::move(disassembler).error();
    }
    return Finder(*image, *disassembler).find();
}

}  // namespace capture::tls
