// SPDX-License-Identifier: GPL-2.0-only
//
// Result<T>: a value, or an Error that says what failed. Used for everything that the environment
// can cause (files, kernels, hostile input); our own bugs are asserts. Neither can be ignored by
// accident.
//
// An Error's message names the object and, where known, the next step:
//     "open /sys/fs/cgroup: permission denied; run as root"
// Values, no shared state: safe on any thread as far as T is.
#pragma once

#include <cassert>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace pcapng {

struct Error {
    std::string message;
    int code = 0;  // errno of the failed call, or 0 where there was none
};

// "<what>: <text of code>", code an errno.
inline Error errno_error(std::string what, int code) {
    return Error{std::move(what) + ": " + std::generic_category().message(code), code};
}

// An Error or none, a pointer in size: results are returned for each packet, and hardly ever fail.
class MaybeError {
  public:
    MaybeError() = default;
    MaybeError(Error error) : error_(std::make_unique<Error>(std::move(error))) {}
    MaybeError(MaybeError&&) noexcept = default;
    MaybeError& operator=(MaybeError&&) noexcept = default;
    MaybeError(const MaybeError& other)
        : error_(other.error_ != nullptr ? std::make_unique<Error>(*other.error_) : nullptr) {}
    MaybeError& operator=(const MaybeError& other) { return *this = MaybeError(other); }
    ~MaybeError() = default;

    bool is_set() const { return error_ != nullptr; }
    Error& get() const {
        assert(is_set());
        return *error_;
    }

  private:
    std::unique_ptr<Error> error_;
};

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::move(value)) {}
    Result(Error error) : state_(MaybeError(std::move(error))) {}

    bool ok() const { return std::holds_alternative<T>(state_); }
    explicit operator bool() const { return ok(); }

    // Return the value; calling these on an error is a bug. On a temporary they return by value, so
    // that a loop over *f() doesn't dangle.
    T& value() & {
        assert(ok());
        return *std::get_if<T>(&state_);
    }
    const T& value() const& {
        assert(ok());
        return *std::get_if<T>(&state_);
    }
    T value() && {
        assert(ok());
        return std::move(*std::get_if<T>(&state_));
    }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T operator*() && { return std::move(*this).value(); }

    // The error; calling these on a value is a bug.
    const Error& error() const& {
        assert(!ok());
        return std::get_if<MaybeError>(&state_)->get();
    }
    Error&& error() && {
        assert(!ok());
        return std::move(std::get_if<MaybeError>(&state_)->get());
    }

  private:
    std::variant<T, MaybeError> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const { return !error_.is_set(); }
    explicit operator bool() const { return ok(); }
    const Error& error() const& { return error_.get(); }
    Error&& error() && { return std::move(error_.get()); }

  private:
    MaybeError error_;
};

}  // namespace pcapng
